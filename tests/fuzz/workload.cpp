// Workloads: a line a request.
#include "host/workload.hpp"

#include <cmath>

#include "support/property.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kiln;
  const auto requests = host::parse_workload(fuzz::text_of(data, size), "input.jsonl");
  if (!fuzz::good(requests)) return 0;
  fuzz::require(!requests->empty() && requests->size() <= host::kMostRequests, "some requests");
  for (const auto& request : *requests) {
    fuzz::require(std::isfinite(request.arrival_us) && request.arrival_us >= 0, "requests arrive");
    fuzz::require(request.answer_tokens > 0, "answers have tokens");
  }
  return 0;
}
