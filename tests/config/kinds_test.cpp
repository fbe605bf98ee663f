// Every kind of config is in every place that goes by kinds: folders, loading, canonical JSON.
#include "kiln/config/kinds.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kiln/config/load.hpp"

namespace kiln::config {
namespace {

/// Calls visit(Config{}) for each kind.
template <class Visit, std::size_t... Index>
void for_each_kind(Visit visit, std::index_sequence<Index...>) {
  (visit(std::remove_pointer_t<std::variant_alternative_t<Index, AnyConfig>>{}), ...);
}
template <class Visit>
void for_each_kind(Visit visit) {
  for_each_kind(visit, std::make_index_sequence<std::variant_size_v<AnyConfig>>());
}

const std::string kFolder = KILN_SOURCE_DIR "/configs";

// Beside them: specs of sweeps.
TEST(Kinds, EachHasItsFolderAndEachFolderItsKind) {
  std::set<std::string> folders;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder))
    if (entry.is_directory() && entry.path().filename() != "sweep") folders.insert(entry.path().filename().string());
  EXPECT_THAT(folders, testing::UnorderedElementsAreArray(kKindNames));
}

TEST(Kinds, EveryShippedConfigLoadsAndIsWritten) {
  const ConfigPath configs(kFolder, "");
  for_each_kind([&]<class Config>(const Config&) {
    const auto kind = kind_name<Config>();
    const auto names = configs.list(kind);
    EXPECT_FALSE(names.empty()) << kind;
    for (const auto& name : names) {
      const auto loaded = load<Config>(*configs.find(kind, name));
      ASSERT_TRUE(loaded.ok()) << loaded.error().message;
      EXPECT_THAT(to_json(*loaded), testing::StartsWith("{\"")) << kind << " " << name;
    }
  });
}

TEST(Kinds, EveryKindIsStrict) {
  for_each_kind([&]<class Config>(const Config&) {
    const auto kind = kind_name<Config>();
    const auto broken = parse<Config>("{\"surely_unknown\":1}", "x.json");
    ASSERT_FALSE(broken.ok()) << kind;
    EXPECT_THAT(broken.error().message, testing::HasSubstr("/surely_unknown is not a known key")) << kind;
    EXPECT_THAT(broken.error().message, testing::HasSubstr("is missing")) << kind;
    EXPECT_THAT(parse<Config>("{", "x.json").error().message, testing::StartsWith("x.json: is not JSON at byte 2"));
    EXPECT_THAT(parse<Config>("{}", "x.json", {"surely_unknown=1"}).error().message,
                testing::HasSubstr("x.json with --set surely_unknown=1: /surely_unknown is not a known key"));
  });
}

}  // namespace
}  // namespace kiln::config
