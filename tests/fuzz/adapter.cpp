// A LoRA adapter of a tiny model: adapter_config.json, and adapter_model.safetensors as it is.
#include "bake/bake.hpp"
#include "checkpoint/lora.hpp"
#include "support/bundle.hpp"
#include "support/models.hpp"
#include "support/property.hpp"
#include "support/scratch.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kiln;
  static fuzz::ScratchFolder folder;
  folder.clear();
  for (const auto& part : fuzz::parts_of(fuzz::text_of(data, size)))
    if (fuzz::is_file_name(part.name)) folder.put(part.name, part.bytes);
  const auto model = support::model_of({"tiny", 8, 8, 2, 2, 1, 4, 16, 64});
  const auto adapter = checkpoint::open_lora(folder.path(), model);
  if (!fuzz::good(adapter)) return 0;
  fuzz::require(!adapter->targets.empty(), "an adapter adapts something");
  for (const auto& target : adapter->targets)
    fuzz::require(adapter->find(target.role, target.layer) == &target, "targets are found and sorted");
  static_cast<void>(adapter->shape());
  fuzz::good(bake::bake_adapter(*adapter, model));
  return 0;
}
