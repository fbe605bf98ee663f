#include "host/workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "host/distribution.hpp"
#include "json/keys.hpp"
#include "json/read.hpp"

namespace kiln::host {
namespace {

constexpr double kLatestArrival = 1e12;  // us: eleven days
constexpr std::uint64_t kMostTokens = std::uint64_t{1} << 24;
constexpr std::size_t kMostLevels = 64;
constexpr std::array<std::string_view, 5> kKeys = {"arrival_us", "prompt", "prompt_tokens", "answer_tokens",
                                                   "leaves_us"};

/// One line's object; `where` is the file and the line.
class Line {
 public:
  Line(const json::Value& object, std::string where) : object_(object), where_(std::move(where)) {}

  base::Result<WorkloadRequest> read() const {
    if (!object_.is_object()) return base::Error{where_ + ": an object is expected"};
    for (const auto key : json::unknown_keys(object_.object(), kKeys)) {
      return base::Error{
          fmt::format("{}: /{} is not a known key; arrival_us, prompt, prompt_tokens, answer_tokens and leaves_us are",
                      where_, base::excerpt(base::without_controls(key)))};
    }
    WorkloadRequest request;
    const json::Value* arrival = object_.find("arrival_us");
    if (arrival == nullptr || !arrival->is_number()) return wrong("arrival_us", "a number of microseconds");
    request.arrival_us = arrival->number();
    if (!(request.arrival_us >= 0 && request.arrival_us <= kLatestArrival))
      return wrong("arrival_us", "0 to 1e12 microseconds");
    if (const json::Value* leaves = object_.find("leaves_us")) {
      if (!leaves->is_number()) return wrong("leaves_us", "a number of microseconds");
      request.leaves_us = leaves->number();
      if (!(*request.leaves_us >= request.arrival_us && *request.leaves_us <= kLatestArrival))
        return wrong("leaves_us", "arrival_us to 1e12 microseconds");
    }
    const json::Value* prompt = object_.find("prompt");
    if ((prompt != nullptr) == (object_.find("prompt_tokens") != nullptr))
      return base::Error{where_ + ": one of /prompt and /prompt_tokens is expected"};
    if (prompt != nullptr) {
      if (!prompt->is_text() || prompt->text().empty()) return wrong("prompt", "a text that is not empty");
      request.prompt = prompt->text();
    } else if (auto bad = tokens("prompt_tokens", request.prompt_tokens); !bad) {
      return bad.error();
    }
    if (auto bad = tokens("answer_tokens", request.answer_tokens); !bad) return bad.error();
    return request;
  }

 private:
  [[nodiscard]] base::Error wrong(std::string_view key, std::string_view expected) const {
    const json::Value* found = object_.find(key);
    return base::Error{fmt::format(
        "{}: /{} {}; {} is expected", where_, key,
        found != nullptr ? "is " + base::excerpt(json::write(*found, json::Escapes::NonAscii)) : "is missing",
        expected)};
  }
  [[nodiscard]] base::Status tokens(const char* key, std::uint64_t& value) const {
    const json::Value* found = object_.find(key);
    if (found == nullptr || !found->is_whole() || found->whole() < 1 || found->whole() > kMostTokens)
      return wrong(key, "an integer from 1 to 16777216");
    value = found->whole();
    return {};
  }
  const json::Value& object_;
  std::string where_;
};

base::Result<WorkloadRequest> read_line(std::string_view line, const std::string& where) {
  std::optional<std::string> twice;
  bool deep = false;
  const auto object = json::read(line, kMostLevels, [&](const json::Problem& problem) {
    deep = problem.kind == json::Problem::Kind::TooDeep;
    const bool again = problem.kind == json::Problem::Kind::KeyTwice;
    if (again) twice = base::excerpt(base::without_controls(problem.what));
    return again;
  });
  if (twice) return base::Error{fmt::format("{}: /{} stands there twice", where, *twice)};
  if (deep) return base::Error{fmt::format("{} is nested deeper than {} levels", where, kMostLevels)};
  if (!object) return base::Error{where + " is not JSON; an object is expected"};
  return Line(*object, where).read();
}

double us(base::Cycles cycles, std::uint32_t clock_mhz) { return static_cast<double>(cycles.count()) / clock_mhz; }

/// Adds a presence in [from, to) to the intervals' means.
void spread(std::vector<LoadPoint>& points, double LoadPoint::*figure, double from, double to) {
  const double width = points.front().to_us - points.front().from_us;
  if (width <= 0 || to <= from) return;
  const auto at = [&](double time) {
    return std::min(points.size() - 1, static_cast<std::size_t>(std::max(0.0, time / width)));
  };
  for (std::size_t i = at(from); i <= at(to); ++i) {
    const double overlap = std::min(to, points[i].to_us) - std::max(from, points[i].from_us);
    if (overlap > 0) points[i].*figure += overlap / width;
  }
}

}  // namespace

base::Result<std::vector<WorkloadRequest>> parse_workload(std::string_view text, const std::string& name) {
  std::vector<WorkloadRequest> requests;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string where = fmt::format("{}: line {}", name, number);
    auto request = read_line(line, where);
    if (!request) return request.error();
    if (requests.size() == kMostRequests)
      return base::Error{fmt::format("{}: more than {} requests", name, kMostRequests)};
    requests.push_back(*std::move(request));
  }
  if (requests.empty()) return base::Error{name + " has no request; one JSON object a line is expected"};
  return requests;
}

WorkloadFigures workload_figures(const chip::RunRequest& request, const chip::RunOutcome& outcome,
                                 std::uint32_t clock_mhz) {
  WorkloadFigures figures;
  const double total = us(outcome.total, clock_mhz);
  for (std::size_t i = 0; i < kLoadPoints; ++i)
    figures.over_time.push_back(
        {total * static_cast<double>(i) / kLoadPoints, total * static_cast<double>(i + 1) / kLoadPoints, 0, 0, 0});
  Distribution queued, first, pace;
  for (std::size_t u = 0; u < outcome.users.size(); ++u) {
    const auto& user = outcome.users[u];
    if (user.finish == chip::Finish::Refused) {
      ++figures.refused;
      continue;
    }
    ++(user.finish == chip::Finish::Cancelled ? figures.cancelled : figures.finished);
    const bool admitted = user.admitted.count() > 0;
    const double end = us(user.ended, clock_mhz);
    if (user.prompt_arrival.count() > 0) {
      spread(figures.over_time, &LoadPoint::waiting, us(user.prompt_arrival, clock_mhz),
             admitted ? us(user.admitted, clock_mhz) : end);
    }
    if (!admitted) continue;
    queued.add(us(user.admitted - user.prompt_arrival, clock_mhz));
    spread(figures.over_time, &LoadPoint::admitted, us(user.admitted, clock_mhz), end);
    if (user.answer_tokens == 0) continue;
    first.add(us(user.first_answer - request.users[u].arrival, clock_mhz));
    if (user.answer_tokens > 1)
      pace.add(us(user.last_answer - user.first_answer, clock_mhz) / static_cast<double>(user.answer_tokens - 1));
  }
  for (const auto& token : outcome.tokens)
    spread(figures.over_time, &LoadPoint::in_flight, us(token.issue, clock_mhz), us(token.commit, clock_mhz));
  figures.queued_us = queued.percentiles();
  figures.ttft_us = first.percentiles();
  figures.time_per_token_us = pace.percentiles();
  return figures;
}

double md1_mean_wait(double rate, double service) {
  const double rho = rate * service;
  base::check(rho >= 0 && rho < 1, "M/D/1: a queue that does not grow for ever");
  return rho * service / (2 * (1 - rho));
}

}  // namespace kiln::host
