// What `kiln inspect --against` says last, and that its document says the same.
#include "report/bake_report.hpp"

#include <nlohmann/json.hpp>

#include "rom/older_image.hpp"
#include "support/study_test.hpp"

namespace kiln::report {
namespace {

using nlohmann::json;
using testing::EndsWith;
using testing::HasSubstr;

class Verdict : public test::StudyTest {
 protected:
  [[nodiscard]] study::RomInspection inspected(const std::string& rom, const std::string& against) {
    study::InspectQuestion question;
    question.file = rom;
    question.against = against;
    question.rebake = true;
    auto answer = study::inspect(question, environment_);
    if (!answer) throw std::runtime_error(answer.error().message);
    return std::get<study::RomInspection>(*std::move(answer));
  }
  const std::string proved_ =
      "16 of 16 matrices were baked again, 16 with the same codes and scales\n"
      "every byte is as baking again writes it\n";
};

TEST_F(Verdict, OfAnImageThatRecordsHashes_IsAboutTheCheckpoint) {
  const auto inspection = inspected(baked("w4"), tiny());
  EXPECT_THAT(inspect_text(inspection), HasSubstr("with the hashes of the 21 tensors that it was baked from\n"));
  EXPECT_THAT(inspect_text(inspection),
              EndsWith("\n21 of 21 tensors have the recorded hash\n" + proved_ + "the image holds this checkpoint\n"));
  EXPECT_TRUE(json::parse(inspect_json(inspection))["comparison"]["tensor_hashes"]["recorded"]);
}

TEST_F(Verdict, OfAnImageOfAnOlderKiln_IsAboutCodesAndSaysSo) {
  const auto path = baked("w4");
  rom::test::write_bytes(path, rom::test::without_record(rom::test::read_bytes(path)));
  const auto inspection = inspected(path, tiny());
  EXPECT_THAT(inspect_text(inspection),
              EndsWith("%\n" + proved_ +
                       "the image holds the codes and scales of this checkpoint; an older Kiln baked it and recorded "
                       "no\n  hashes, so that a change too small to alter one cannot be seen: bake it again for a full "
                       "proof\n"));
  const auto document = json::parse(inspect_json(inspection));
  EXPECT_FALSE(document["comparison"]["tensor_hashes"]["recorded"]);
  EXPECT_TRUE(document["comparison"]["matches"]);
  EXPECT_FALSE(document.contains("provenance"));
}

TEST_F(Verdict, OfAnotherCheckpoint_NamesItsFirstTensors) {
  const auto text = inspect_text(inspected(baked("w4"), "synthetic:" + path("tiny.json") + ":8"));
  EXPECT_THAT(text, HasSubstr("  another tensor: embedding: its hash is "));
  EXPECT_THAT(text, HasSubstr("  another tensor: 17 more\n0 of 21 tensors have the recorded hash\n0 of 16 matrices"));
  EXPECT_THAT(text, EndsWith("\nthe image does NOT hold this checkpoint\n"));
}

}  // namespace
}  // namespace kiln::report
