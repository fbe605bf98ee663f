// A layer over time: operations of one token, from the chip's records, as long as the closed form's layer.
#include "kiln/study/layer_timeline.hpp"

#include <algorithm>

#include "closed_form/context_cost.hpp"
#include "closed_form/token_path.hpp"
#include "study/place.hpp"
#include "support/study_test.hpp"

namespace kiln::study {
namespace {

using LayerTimelineStudy = test::StudyTest;

TEST_F(LayerTimelineStudy, TakesWhatTheClosedFormsLayerTakes) {
  const auto& configs = environment_.configs();
  for (const auto& [chip, model, context] : {std::tuple("hc1", "llama-3.1-8b", 1535U),
                                             {"hc1-pipelined", "llama-3.1-8b", 100U},
                                             {"roma", "llama-3.1-8b", 77U},
                                             {"demo", "kiln-stories-1m", 1U},
                                             {"demo", "kiln-stories-1m", 200U}}) {
    SCOPED_TRACE(chip);
    const auto placed =
        place(configs.model(model).value(), configs.recipe("w3w6").value(), configs.chip(chip).value(), {}, configs);
    ASSERT_TRUE(placed.ok());
    const auto timeline = layer_timeline(placed->placement, context);
    ASSERT_TRUE(timeline.ok()) << timeline.error().message;
    const auto reads = closed_form::ContextCost(placed->placement, context).at(context).total();
    EXPECT_EQ(timeline->cycles.count(), closed_form::total(closed_form::layer_path(placed->placement)) + reads);
    EXPECT_EQ(timeline->context, context);
    EXPECT_EQ(timeline->spans.front().first.count(), 0U);
    EXPECT_TRUE(std::ranges::is_sorted(timeline->spans, {}, &chip::TraceSpan::first));
    std::size_t arrays = 0;
    for (const auto& span : timeline->spans) {
      EXPECT_EQ(span.work.layer->value, timeline->layer);
      EXPECT_LE(span.last, timeline->cycles);
      arrays += span.work.kind == program::OpKind::Multiply && span.unit != program::Unit::Links ? 1 : 0;
    }
    EXPECT_EQ(arrays, 4U);
  }
}

}  // namespace
}  // namespace kiln::study
