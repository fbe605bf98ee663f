// ROM images: as they are, and with all checksums made right, so that what they protect is read.
#include "rom/rom_image.hpp"
#include "support/checkpoint_use.hpp"
#include "support/property.hpp"
#include "support/scratch.hpp"
#include "support/sealed_image.hpp"

namespace {

using namespace kiln;

void open(std::string_view bytes) {
  static fuzz::ScratchFile file;
  static base::ThreadPool one(1);
  file.fill(bytes);
  const auto image = rom::RomImage::open(file.path(), one);
  if (fuzz::good(image)) fuzz::use(*image);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  open(fuzz::text_of(data, size));
  if (size < sizeof(rom::Header)) return 0;
  rom::test::Bytes bytes(size);
  std::memcpy(bytes.data(), data, size);
  rom::test::reseal(bytes);
  open({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  return 0;
}
