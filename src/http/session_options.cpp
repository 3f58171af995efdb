#include <overlap/http/session_options.hpp>

#ifndef OVERLAP_VERSION  // the build says it
#define OVERLAP_VERSION "dev"
#endif

namespace overlap::http {

std::string default_user_agent() { return "overlap/" OVERLAP_VERSION; }

}  // namespace overlap::http
