#include "serve/jpeg.hpp"

#include <csetjmp>
#include <cstdio>  // jpeglib.h needs it before itself
#include <cstdlib>
#include <memory>
#include <span>
#include <stdexcept>
#include <vector>

#include <jpeglib.h>

#include "serve/mix.hpp"

namespace overlap::serve {
namespace {

constexpr int kQuality = 88;
constexpr int kChannels = 3;

/// A triangle wave of period 512 in 0..255: smooth, and the same on every machine, as a sine would not be.
int wave(std::uint64_t phase) {
  const int step = static_cast<int>(phase & 511);
  return step < 256 ? step : 511 - step;
}

/// Computes rows of the picture, top to bottom.
class Painter {
 public:
  explicit Painter(std::uint64_t seed) : random_(seed), grain_(60 + static_cast<int>(random_.below(60))) {
    for (Plane& plane : planes_) {
      plane = {.x = 8 + random_.below(40),
               .y = 8 + random_.below(40),
               .bend = 1 + random_.below(7),
               .shift = random_.next()};
    }
  }

  void paint(std::uint64_t y, std::span<JSAMPLE> row) {
    for (std::uint64_t x = 0; x < kImageWidth; ++x) {
      std::uint64_t noise = random_.next();
      for (int channel = 0; channel < kChannels; ++channel, noise >>= 16) {
        const int grain = static_cast<int>((noise & 0xffff) * static_cast<std::uint64_t>(grain_) >> 16);
        const int value = wave(planes_[channel].phase(x, y)) * (255 - grain_) / 255 + grain;
        row[x * kChannels + static_cast<std::uint64_t>(channel)] = static_cast<JSAMPLE>(value);
      }
    }
  }

 private:
  /// One colour: slanted bands, bent by a product term.
  struct Plane {
    std::uint64_t x = 0, y = 0, bend = 0, shift = 0;

    std::uint64_t phase(std::uint64_t at_x, std::uint64_t at_y) const {
      return (at_x * x + at_y * y) / 64 + at_x * at_y * bend / 32768 + shift;
    }
  };

  Random random_;
  int grain_;  // of 255; from it comes most of the size
  Plane planes_[kChannels];
};

/// libjpeg's state. Its error handler must not return, and may not throw through C code, so it jumps.
struct Encoder {
  jpeg_compress_struct jpeg = {};
  jpeg_error_mgr errors = {};
  std::jmp_buf failed;
  unsigned char* data = nullptr;  // malloc'ed by libjpeg
  unsigned long size = 0;

  Encoder() {
    jpeg.err = jpeg_std_error(&errors);
    jpeg.client_data = this;
    errors.error_exit = [](j_common_ptr common) {
      std::longjmp(static_cast<Encoder*>(common->client_data)->failed, 1);
    };
  }
  ~Encoder() {
    jpeg_destroy_compress(&jpeg);
    std::free(data);
  }
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;
};

/// False if libjpeg gave up. Nothing in this frame has a destructor that a jump would skip.
bool encode(Encoder& encoder, Painter& painter, std::span<JSAMPLE> row) {
  if (setjmp(encoder.failed) != 0) return false;
  jpeg_compress_struct& jpeg = encoder.jpeg;
  jpeg_create_compress(&jpeg);
  jpeg_mem_dest(&jpeg, &encoder.data, &encoder.size);
  jpeg.image_width = kImageWidth;
  jpeg.image_height = kImageHeight;
  jpeg.input_components = kChannels;
  jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, kQuality, TRUE);
  jpeg.dct_method = JDCT_ISLOW;  // the one method whose result is the same everywhere
  jpeg_start_compress(&jpeg, TRUE);
  JSAMPROW rows[1] = {row.data()};
  while (jpeg.next_scanline < jpeg.image_height) {
    painter.paint(jpeg.next_scanline, row);
    jpeg_write_scanlines(&jpeg, rows, 1);
  }
  jpeg_finish_compress(&jpeg);
  return true;
}

}  // namespace

std::string make_jpeg(std::uint64_t seed) {
  const auto encoder = std::make_unique<Encoder>();
  Painter painter(seed);
  std::vector<JSAMPLE> row(kImageWidth * kChannels);
  if (!encode(*encoder, painter, row)) throw std::runtime_error("libjpeg could not encode a picture");
  return std::string(reinterpret_cast<const char*>(encoder->data), encoder->size);
}

}  // namespace overlap::serve
