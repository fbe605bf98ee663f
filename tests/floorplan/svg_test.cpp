#include "floorplan/svg.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <charconv>
#include <clocale>
#include <locale>
#include <map>
#include <set>

namespace kiln::report {
namespace {

using floorplan::Block;
using floorplan::BlockKind;
using floorplan::Floorplan;
using program::Unit;
using testing::HasSubstr;
using testing::Not;

struct Element {
  std::string name;
  std::map<std::string, std::string> attributes;
  [[nodiscard]] double number(const std::string& key) const {
    const auto it = attributes.find(key);
    double value = 0;
    if (it == attributes.end()) {
      ADD_FAILURE() << name << " without " << key;
      return 0;
    }
    const auto [end, error] = std::from_chars(it->second.data(), it->second.data() + it->second.size(), value);
    EXPECT_TRUE(error == std::errc{} && end == it->second.data() + it->second.size()) << key << "=" << it->second;
    return value;
  }
};

/// Elements of well-formed XML as far as these pictures use it (no comments, declarations or CDATA), else what is
/// wrong.
class Xml {
 public:
  explicit Xml(std::string_view text) : text_(text) {
    while (fault_.empty() && at_ < text_.size()) text_[at_] == '<' ? tag() : character();
    if (fault_.empty() && !open_.empty()) fault_ = open_.back() + " stays open";
  }
  [[nodiscard]] const std::string& fault() const { return fault_; }
  [[nodiscard]] const std::vector<Element>& elements() const { return elements_; }

 private:
  void character() {
    const auto c = static_cast<unsigned char>(text_[at_]);
    if (c < 0x20 && c != '\n') fault_ = fmt::format("a control character at {}", at_);
    if (c != '\n' && open_.empty()) fault_ = fmt::format("text outside the root at {}", at_);
    if (c == '&') {
      const auto end = text_.find(';', at_);
      const std::set<std::string_view> known = {"&amp", "&lt", "&gt", "&quot"};
      if (end == std::string_view::npos || !known.contains(text_.substr(at_, end - at_))) {
        fault_ = fmt::format("an unknown entity at {}", at_);
      }
    }
    ++at_;
  }
  void tag() {
    if (at_ > 0 && open_.empty()) fault_ = "a second root";
    ++at_;
    const bool closing = at_ < text_.size() && text_[at_] == '/';
    if (closing) ++at_;
    const auto end = text_.find_first_of(" />", at_);
    if (end == std::string_view::npos) {
      fault_ = "an unfinished tag";
      return;
    }
    Element element{std::string(text_.substr(at_, end - at_)), {}};
    at_ = end;
    if (closing) {
      if (text_[at_++] != '>' || open_.empty() || open_.back() != element.name) fault_ = "</" + element.name + ">";
      if (!open_.empty()) open_.pop_back();
      return;
    }
    while (fault_.empty() && at_ < text_.size() && text_[at_] == ' ') attribute(element);
    const bool empty = at_ < text_.size() && text_[at_] == '/';
    if (empty) ++at_;
    if (at_ >= text_.size() || text_[at_++] != '>') fault_ = "a broken tag " + element.name;
    if (!empty) open_.push_back(element.name);
    elements_.push_back(std::move(element));
  }
  void attribute(Element& element) {
    const auto equals = text_.find("=\"", ++at_);
    const auto end = equals == std::string_view::npos ? equals : text_.find('"', equals + 2);
    if (end == std::string_view::npos) {
      fault_ = "a broken attribute in " + element.name;
      return;
    }
    const std::string key(text_.substr(at_, equals - at_));
    if (key.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789") != std::string::npos) {
      fault_ = "a strange attribute " + key;
    }
    const bool is_new = element.attributes.emplace(key, text_.substr(equals + 2, end - equals - 2)).second;
    if (!is_new) fault_ = "twice " + key;
    if (element.attributes[key].find('<') != std::string::npos) fault_ = "< in " + key;
    at_ = end + 1;
  }
  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<std::string> open_;
  std::vector<Element> elements_;
  std::string fault_;
};

std::vector<Block> blocks() {
  return {{"host_link", Unit::HostLink, BlockKind::Io, 0, 2, 1},
          {"vector_unit", Unit::VectorUnit, BlockKind::Logic, 0, 1.0 / 3, 1},
          {"kv_sram[0]", Unit::KvSram, BlockKind::Sram, 0, 12.7, 64},
          {"kv_sram[1]", Unit::KvSram, BlockKind::Sram, 0, 12.7, 64},
          {"down_array", Unit::DownArray, BlockKind::Rom, 0, 30, 1000},
          {"down_tree", Unit::DownTree, BlockKind::Logic, 0, 0.1, 1},
          {"sequencer", Unit::Sequencer, BlockKind::Logic, 0, 1e-6, 1},
          {"nothing", Unit::Links, BlockKind::Logic, 0, 0, 3}};
}

void expect_areas_add_up(const std::string& svg, double die_mm2) {
  const Xml xml(svg);
  ASSERT_EQ(xml.fault(), "");
  ASSERT_EQ(xml.elements().front().name, "svg");
  EXPECT_NEAR(xml.elements().front().number("data-die-mm2"), die_mm2, 1e-9 * die_mm2);
  double sum = 0;
  for (const Element& e : xml.elements()) {
    if (!e.attributes.contains("data-area-mm2")) continue;
    const double area = e.number("data-area-mm2");
    sum += area;
    if (e.name == "rect") {
      EXPECT_NEAR(e.number("width") * e.number("height"), area, 1e-9 * area);
    } else {
      EXPECT_EQ(e.attributes.at("data-name"), "white_space");
    }
  }
  EXPECT_NEAR(sum, die_mm2, 1e-9 * die_mm2);
}

TEST(FloorplanSvg, IsWellFormed_AndItsAreasAddUpToTheDie) {
  const auto svg = floorplan_svg(floorplan::place(blocks(), 70), {"a chip", "one stage", {"typical corner"}});
  expect_areas_add_up(svg, 70);
  EXPECT_THAT(svg, HasSubstr(R"(<svg xmlns=")"));
  EXPECT_THAT(svg, HasSubstr("viewBox=\"0 0 "));
  EXPECT_THAT(svg, HasSubstr("<title>a chip</title>"));
  EXPECT_THAT(svg, HasSubstr(">one stage</text>"));
  EXPECT_THAT(svg, HasSubstr(">typical corner</text>"));
  EXPECT_THAT(svg, HasSubstr("<title>down_array: ROM, 30.0 mm², 1000 tiles</title>"));
  EXPECT_THAT(svg, HasSubstr(">2 x kv_sram, 25.4 mm²</text>"));
  EXPECT_THAT(svg, HasSubstr(">2 mm; the die is 8.37 x 8.37 mm, 70.0 mm²</text>"));
  for (const char* foreign : {"<script", "<style", "href", "url(", "<image", "nan", "inf"}) {
    EXPECT_THAT(svg, Not(HasSubstr(foreign)));
  }
}

TEST(FloorplanSvg, HasARectangleForEveryBlock) {
  const auto plan = floorplan::place(blocks(), 70);
  const Xml xml(floorplan_svg(plan, {}));
  std::size_t next = 0;
  for (const Element& e : xml.elements()) {
    if (e.name != "rect" || !e.attributes.contains("data-name")) continue;
    ASSERT_LT(next, plan.blocks.size());
    EXPECT_EQ(e.attributes.at("data-name"), plan.blocks[next].block.name);
    EXPECT_EQ(e.number("x"), plan.blocks[next].place.x_mm);
    EXPECT_EQ(e.number("y"), plan.blocks[next].place.y_mm);
    EXPECT_EQ(e.number("data-tiles"), static_cast<double>(plan.blocks[next].block.tiles));
    ++next;
  }
  EXPECT_EQ(next, plan.blocks.size());
}

TEST(FloorplanSvg, NamesThatXmlDoesNotAllow_AreWrittenAnotherWay) {
  auto all = blocks();
  all[4].name = "<down> & \"up\" '\x01\xFF\xEF\xBF\xBF\n";
  const auto svg = floorplan_svg(floorplan::place(all, 70), {"a < b && c", "\x02\xC3", {"]]>", "\t"}});
  expect_areas_add_up(svg, 70);
  EXPECT_THAT(svg, HasSubstr("<title>a &lt; b &amp;&amp; c</title>"));
  EXPECT_THAT(svg, HasSubstr("&lt;down&gt; &amp; &quot;up&quot; '"));
  EXPECT_THAT(svg, Not(HasSubstr("\xFF")));
  EXPECT_THAT(svg, Not(HasSubstr("\xEF\xBF\xBF")));
}

TEST(FloorplanSvg, IsTheSameInEveryLocale) {
  const auto plan = floorplan::place(blocks(), 70);
  const auto plain = floorplan_svg(plan, {"t", "s", {}});
  struct Commas : std::numpunct<char> {
    [[nodiscard]] char do_decimal_point() const override { return ','; }
    [[nodiscard]] char do_thousands_sep() const override { return '.'; }
    [[nodiscard]] std::string do_grouping() const override { return "\3"; }
  };
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new Commas));
  const auto with_commas = floorplan_svg(plan, {"t", "s", {}});
  const std::string c_before = std::setlocale(LC_ALL, nullptr);
  std::setlocale(LC_ALL, "de_DE.UTF-8");  // where there is one
  const auto german = floorplan_svg(plan, {"t", "s", {}});
  std::setlocale(LC_ALL, c_before.c_str());
  std::locale::global(before);
  EXPECT_EQ(with_commas, plain);
  EXPECT_EQ(german, plain);
}

TEST(FloorplanSvg, OfManyStages_StaysWithinSomeThousandElements) {
  std::vector<Block> all;
  for (std::uint32_t stage = 0; stage < 33; ++stage) {
    for (const Block& b : blocks()) {
      all.push_back(b);
      all.back().stage = stage;
      all.back().tiles *= 100;
    }
  }
  const auto svg = floorplan_svg(floorplan::place(all, 2000), {"pipeline", "", {}});
  expect_areas_add_up(svg, 2000);
  EXPECT_LT(Xml(svg).elements().size(), 3000U);
  EXPECT_LT(svg.size(), 2'000'000U);
}

TEST(FloorplanSvg, OfAnEmptyDie_IsWhite) {
  for (const double die : {1e-6, 1.0, 858.0, 1e6}) {
    expect_areas_add_up(floorplan_svg(floorplan::place({}, die), {}), die);
  }
}

}  // namespace
}  // namespace kiln::report
