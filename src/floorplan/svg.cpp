#include "floorplan/svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "kiln/base/enum_table.hpp"

namespace kiln::floorplan {
namespace {

using floorplan::BlockKind;
using floorplan::PlacedBlock;
using floorplan::Rectangle;
using program::Unit;

/// Weights in warm colours, their trees in the same, darker; memory blue, logic green and violet.
constexpr auto kColours = base::enum_table<std::string_view, Unit>({
    {Unit::HostLink, "#9a9a9a"},    {Unit::Sequencer, "#5b3a8c"},   {Unit::EmbeddingRom, "#e0b04c"},
    {Unit::VectorUnit, "#3f9b5f"},  {Unit::Attention, "#8cc63f"},   {Unit::KvSram, "#5b9bd5"},
    {Unit::Sampler, "#b565c9"},     {Unit::Links, "#c8c8c8"},       {Unit::QkvArray, "#f2a65a"},
    {Unit::QkvTree, "#b8701f"},     {Unit::OArray, "#f7c08a"},      {Unit::OTree, "#c98a45"},
    {Unit::GateUpArray, "#e8824a"}, {Unit::GateUpTree, "#a9501d"},  {Unit::DownArray, "#ef9f8f"},
    {Unit::DownTree, "#b95f4e"},    {Unit::LmHeadArray, "#d9776b"}, {Unit::LmHeadTree, "#94402f"},
    {Unit::Lora, "#6fc3c9"},
});
constexpr std::string_view kWhite = "#f4f4f0";
constexpr double kGlyph = 0.58;         // width of a character in its font's size, on the generous side
constexpr double kSmallestCell = 1e-3;  // of the die's longer edge: what is finer than this would only be grey
constexpr double kCharactersWide = 60;  // of the die's longer edge in the common font size

std::string text_of(std::string_view text) {
  std::string result;
  for (std::string rest(text); !rest.empty();) {
    const auto bad = base::first_invalid_utf8(rest);
    result += rest.substr(0, bad.value_or(rest.size()));
    if (bad) result += '?';
    rest.erase(0, bad ? *bad + 1 : rest.size());
  }
  result = base::without_controls(result);
  std::string escaped;
  for (std::size_t i = 0; i < result.size(); ++i) {
    const std::string_view three = std::string_view(result).substr(i, 3);
    if (three == "\xEF\xBF\xBE" || three == "\xEF\xBF\xBF") {  // no characters of XML's
      escaped += '?';
      i += 2;
      continue;
    }
    switch (result[i]) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += result[i];
    }
  }
  return escaped;
}

std::string area_of(double mm2) {
  return mm2 >= 100 ? fmt::format("{:.0f} mm²", mm2)
         : mm2 >= 1 ? fmt::format("{:.1f} mm²", mm2)
                    : fmt::format("{:.2g} mm²", mm2);
}

std::string_view colour(const floorplan::Block& block) { return kColours[block.unit]; }
std::string_view kind_name(BlockKind kind) {
  constexpr auto kNames = base::enum_names<BlockKind>(
      {{BlockKind::Rom, "ROM"}, {BlockKind::Sram, "SRAM"}, {BlockKind::Logic, "logic"}, {BlockKind::Io, "I/O"}});
  return kNames[kind];
}
/// "kv_sram" of "kv_sram[3]".
std::string stem(const std::string& name) { return name.substr(0, name.find('[')); }

class Picture {
 public:
  Picture(const Floorplan& plan, const SvgLabels& labels)
      : plan_(plan),
        labels_(labels),
        longer_(std::max(plan.width_mm, plan.height_mm)),
        font_(longer_ / kCharactersWide) {}

  std::string svg() {
    groups();
    const double left = 2 * font_, top = 6 * font_, right = 26 * font_;
    const double lines = static_cast<double>(labels_.legend.size());
    const double height = std::max(plan_.height_mm + 5 * font_ + 1.5 * font_ * lines,
                                   1.7 * font_ * static_cast<double>(groups_.size() + 3));
    open(left + plan_.width_mm + right, top + height);
    line(R"x(<g transform="translate({:.6g} {:.6g})">)x", left, top);
    die();
    for (const PlacedBlock& block : plan_.blocks) this->block(block);
    for (const PlacedBlock& block : plan_.blocks) tiles(block);
    for (const PlacedBlock& block : plan_.blocks) label(block);
    scale_bar(plan_.height_mm + 1.5 * font_);
    double y = plan_.height_mm + 5 * font_;
    for (const std::string& line : labels_.legend) {
      text(0, y, font_, "", line);
      y += 1.5 * font_;
    }
    colours(plan_.width_mm + 2 * font_);
    out_ += "</g>\n</svg>\n";
    return std::move(out_);
  }

 private:
  struct Group {
    double area = 0;
    std::uint64_t count = 0;
    std::string_view colour;
  };

  template <class... Arguments>
  void write(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Arguments>(arguments)...);
  }

  template <class... Arguments>
  void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    write(format, std::forward<Arguments>(arguments)...);
    out_ += '\n';
  }

  void text(double x, double y, double size, std::string_view attributes, std::string_view content) {
    line(R"(<text x="{:.6g}" y="{:.6g}" font-size="{:.4g}"{}>{}</text>)", x, y, size, attributes, text_of(content));
  }

  void open(double width, double height) {
    constexpr double kPixels = 1280;
    write(
        R"(<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="{:.0f}" height="{:.0f}" viewBox="0 0 {:.6g} {:.6g}" )",
        kPixels, kPixels * height / width, width, height);
    line(R"(font-family="Helvetica, Arial, sans-serif" fill="#222222" data-die-mm2="{}" data-white-space-mm2="{}">)",
         plan_.die_mm2(), plan_.white_space_mm2);
    line("<title>{}</title>", text_of(labels_.title));
    line(R"(<rect x="0" y="0" width="{:.6g}" height="{:.6g}" fill="#ffffff"/>)", width, height);
    text(2 * font_, 2.4 * font_, 1.6 * font_, R"( font-weight="bold")", labels_.title);
    text(2 * font_, 4.6 * font_, font_, "", labels_.subtitle);
  }

  void die() {
    write(R"(<g data-name="white_space" data-area-mm2="{}">)", plan_.white_space_mm2);
    line(
        R"(<title>white space, {}</title><rect x="0" y="0" width="{}" height="{}" fill="{}" stroke="#222222" stroke-width="{:.4g}"/></g>)",
        area_of(plan_.white_space_mm2), plan_.width_mm, plan_.height_mm, kWhite, longer_ / 500);
  }

  void block(const PlacedBlock& placed) {
    const Rectangle& r = placed.place;
    const std::string name = text_of(placed.block.name);
    write(R"(<rect x="{}" y="{}" width="{}" height="{}" fill="{}" stroke="#444444" stroke-width="{:.3g}" )", r.x_mm,
          r.y_mm, r.width_mm, r.height_mm, colour(placed.block), longer_ / 4000);
    write(R"(data-name="{}" data-area-mm2="{}" data-kind="{}" data-stage="{}" data-tiles="{}">)", name,
          placed.block.area_mm2, kind_name(placed.block.kind), placed.block.stage, placed.block.tiles);
    write("<title>{}: {}, {}", name, kind_name(placed.block.kind), area_of(placed.block.area_mm2));
    if (placed.block.tiles > 1) write(", {} tiles", placed.block.tiles);
    out_ += "</title></rect>\n";
  }

  /// Lines between the tiles, in one path a block.
  void tiles(const PlacedBlock& placed) {
    const auto grid = floorplan::tile_grid(placed);
    const Rectangle& r = placed.place;
    const double width = r.width_mm / static_cast<double>(grid.columns);
    const double height = r.height_mm / static_cast<double>(grid.rows);
    if (placed.block.tiles <= 1 || std::min(width, height) < kSmallestCell * longer_) return;
    const std::uint64_t in_last_row = placed.block.tiles - grid.columns * (grid.rows - 1);
    std::string path;
    for (std::uint64_t c = 1; c < grid.columns; ++c) {
      // Where the last row has no tiles there are no lines.
      fmt::format_to(std::back_inserter(path), "M{:.6g} {:.6g}v{:.6g}", r.x_mm + static_cast<double>(c) * width, r.y_mm,
                     c <= in_last_row ? r.height_mm : r.height_mm - height);
    }
    for (std::uint64_t row = 1; row < grid.rows; ++row) {
      fmt::format_to(std::back_inserter(path), "M{:.6g} {:.6g}h{:.6g}", r.x_mm,
                     r.y_mm + static_cast<double>(row) * height, r.width_mm);
    }
    if (path.empty()) return;
    line(
        R"(<path d="{}" fill="none" stroke="#000000" stroke-opacity="0.18" stroke-width="{:.3g}" pointer-events="none"/>)",
        path, std::min({width, height, longer_ / 200}) / 12);
  }

  /// Only where it fits; upright where that lets it be larger.
  void label(const PlacedBlock& placed) {
    const Rectangle& r = placed.place;
    const double characters = static_cast<double>(placed.block.name.size() + 1) * kGlyph;
    if (placed.block.name.empty()) return;
    const auto size = [&](double along, double across) { return std::min({font_, along / characters, across / 2.6}); };
    const double flat = size(r.width_mm, r.height_mm), upright = size(r.height_mm, r.width_mm);
    const double best = std::max(flat, upright);
    if (best < 0.45 * font_) return;
    const double x = r.x_mm + r.width_mm / 2, y = r.y_mm + r.height_mm / 2;
    line(R"(<g transform="translate({:.6g} {:.6g}){}" text-anchor="middle" pointer-events="none">)", x, y,
         upright > flat ? " rotate(-90)" : "");
    text(0, -0.1 * best, best, "", placed.block.name);
    text(0, best, 0.85 * best, "", area_of(placed.block.area_mm2));
    out_ += "</g>\n";
  }

  void scale_bar(double y) {
    double length = 1;
    while (length * 10 <= plan_.width_mm / 4) length *= 10;
    while (length > plan_.width_mm / 4) length /= 10;
    for (const double step : {5.0, 2.0}) {
      if (length * step <= plan_.width_mm / 4) {
        length *= step;
        break;
      }
    }
    line(
        R"(<path d="M0 {0:.6g}v{1:.6g}m0 {2:.6g}h{3:.6g}m0 {2:.6g}v{1:.6g}" fill="none" stroke="#222222" stroke-width="{4:.4g}"/>)",
        y - font_ / 2, font_, -font_ / 2, length, longer_ / 500);
    text(length + font_ / 2, y + 0.35 * font_, font_, "",
         fmt::format("{:.4g} mm; the die is {:.2f} x {:.2f} mm, {}", length, plan_.width_mm, plan_.height_mm,
                     area_of(plan_.die_mm2())));
  }

  void groups() {
    for (const PlacedBlock& placed : plan_.blocks) {
      Group& group = groups_[{placed.block.unit, stem(placed.block.name)}];
      group.area += placed.block.area_mm2;
      ++group.count;
      group.colour = colour(placed.block);
    }
  }

  void colours(double x) {
    double y = font_;
    const auto entry = [&](std::string_view fill, const std::string& content) {
      line(
          R"(<rect x="{:.6g}" y="{:.6g}" width="{:.4g}" height="{:.4g}" fill="{}" stroke="#444444" stroke-width="{:.3g}"/>)",
          x, y - 0.9 * font_, 1.4 * font_, 1.1 * font_, fill, longer_ / 2000);
      text(x + 2 * font_, y, font_, "", content);
      y += 1.7 * font_;
    };
    for (const auto& [key, group] : groups_) {
      entry(group.colour, group.count == 1 ? fmt::format("{}, {}", key.second, area_of(group.area))
                                           : fmt::format("{} x {}, {}", group.count, key.second, area_of(group.area)));
    }
    entry(kWhite, "white space, " + area_of(plan_.white_space_mm2));
  }

  const Floorplan& plan_;
  const SvgLabels& labels_;
  double longer_;
  double font_;
  std::map<std::pair<program::Unit, std::string>, Group> groups_;
  std::string out_;
};

}  // namespace

std::string floorplan_svg(const Floorplan& plan, const SvgLabels& labels) { return Picture(plan, labels).svg(); }

}  // namespace kiln::floorplan
