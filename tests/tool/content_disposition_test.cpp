#include "get/content_disposition.hpp"

#include <gtest/gtest.h>

#include <string>

namespace overlap::get {
namespace {

std::string name(std::string_view header) { return name_in_content_disposition(header).value_or("(none)"); }

TEST(ContentDisposition, TheNameIsATokenOrAQuotedString) {
  EXPECT_EQ(name("attachment; filename=report.pdf"), "report.pdf");
  EXPECT_EQ(name("attachment; filename=\"annual report.pdf\""), "annual report.pdf");
  EXPECT_EQ(name("inline; filename=\"a.html\"; size=7"), "a.html");
  EXPECT_EQ(name("Attachment;FileName = \"a.html\" ; x"), "a.html");
  EXPECT_EQ(name("attachment; filename=\"say \\\"hi\\\"; ok.txt\""), "say \"hi\"; ok.txt");
}

TEST(ContentDisposition, TheExtendedNameGoesFirstWhereverItStands) {
  EXPECT_EQ(name("attachment; filename=\"EUR.txt\"; filename*=UTF-8''%e2%82%ac%20rates.txt"), "€ rates.txt");
  EXPECT_EQ(name("attachment; filename*=utf-8'en'%e2%82%ac.txt; filename=x"), "€.txt");
  EXPECT_EQ(name("attachment; filename*=iso-8859-1''%a3.txt"), "£.txt");
}

TEST(ContentDisposition, AnExtendedNameThatIsMalformedIsNone) {
  for (const char* bad : {"UTF-8''%zz", "UTF-8''%e2%82", "UTF-8''%4", "UTF-8'x", "koi8-r''a", "x", ""}) {
    EXPECT_EQ(name("attachment; filename*=" + std::string(bad) + "; filename=plain"), "plain") << bad;
  }
}

TEST(ContentDisposition, OnlyTheLastComponentOfAPathIsTaken) {
  EXPECT_EQ(name("attachment; filename=\"../../etc/passwd\""), "passwd");
  EXPECT_EQ(name("attachment; filename=/etc/passwd"), "passwd");
  EXPECT_EQ(name("attachment; filename=\"C:\\\\dir\\\\file.txt\""), "file.txt");
  EXPECT_EQ(name("attachment; filename*=UTF-8''..%2f..%2fetc%2fpasswd"), "passwd");
  EXPECT_EQ(name("attachment; filename*=UTF-8''a%5cb"), "b");
}

TEST(ContentDisposition, WhatNamesNothingGivesNoName) {
  for (const char* header :
       {"", ";", "attachment", "attachment; filename", "attachment; filename=", "inline; filename=\"\"",
        "attachment; filename=..", "attachment; filename=\"a/\"", "attachment; filename=\" . \"", "=",
        "attachment; filename*=UTF-8''", "attachment; xfilename=a", "filename"}) {
    EXPECT_EQ(name(header), "(none)") << header;
  }
}

TEST(ContentDisposition, WhatServersSendInsteadIsReadAsFarAsItCanBeToldApart) {
  EXPECT_EQ(name("filename=a.txt"), "a.txt");
  EXPECT_EQ(name("attachment; filename=my file.txt"), "my file.txt");
  EXPECT_EQ(name("attachment; filename=\"never closed"), "never closed");
  EXPECT_EQ(name("attachment; filename=\"a\" junk; filename=b"), "a");
  EXPECT_EQ(name("attachment; filename=\"caf\xe9.txt\""), "caf\xe9.txt");
  EXPECT_EQ(name("attachment; filename=a%20b.txt"), "a%20b.txt") << "plain names have no escapes";
}

}  // namespace
}  // namespace overlap::get
