#include "study/prompts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/mapped_file.hpp"
#include "host/run.hpp"
#include "host/workload.hpp"

namespace kiln::study {
namespace {

/// Of all users together: half a gigabyte of ids.
constexpr std::uint64_t kMostPromptIds = std::uint64_t{1} << 27;

/// `what` names the option or the place in a file.
base::Result<std::vector<base::TokenId>> text_ids(const std::string& text, const std::string& what,
                                                  const RunQuestion& question, const Subject& subject) {
  if (text.empty()) return base::Error{"the prompt is empty; at least one character is expected"};
  if (!subject.tokenizer) {
    return base::Error{question.rom.empty()
                           ? what + " needs a tokenizer, and --model has none: give a number of prompt tokens"
                           : question.rom + " holds no tokenizer: give a number of prompt tokens instead of " + what};
  }
  auto ids = subject.tokenizer->encode(text);
  if (!ids) return base::Error{what + ": " + ids.error().message};
  return ids;
}

/// The cycle nearest to a time of a workload, which is not negative.
base::Cycles cycle_at(double us, std::uint32_t clock_mhz) {
  // NOLINTNEXTLINE(bugprone-incorrect-roundings): llround would be wrong from 2^63 on
  return base::Cycles(static_cast<std::uint64_t>(us * clock_mhz + 0.5));
}

}  // namespace

base::Result<std::vector<chip::UserRequest>> users_of(const RunQuestion& question, const Subject& subject,
                                                      std::uint32_t clock_mhz) {
  std::vector<chip::UserRequest> users;
  std::uint64_t ids = 0;
  const auto add = [&](base::Cycles arrival, std::vector<base::TokenId> prompt, std::uint64_t answer) -> base::Status {
    ids += prompt.size();
    if (ids > kMostPromptIds)
      return base::Error{fmt::format("the prompts of all users are more than {} tokens together", kMostPromptIds)};
    chip::UserRequest user;
    user.arrival = arrival;
    user.prompt = std::move(prompt);
    user.max_new_tokens = answer;
    users.push_back(std::move(user));
    return {};
  };
  const auto seeded = [&](std::uint64_t count) {
    return host::seeded_prompt(count, subject.model.vocab_size, question.sampling.seed + users.size());
  };
  if (question.workload) {
    const auto text = base::read_text_file(*question.workload);
    if (!text) return text.error();
    const auto requests = host::parse_workload(*text, *question.workload);
    if (!requests) return requests.error();
    for (const auto& request : *requests) {
      const base::Cycles arrival = cycle_at(request.arrival_us, clock_mhz);
      auto prompt = request.prompt ? text_ids(*request.prompt, *question.workload + ": /prompt", question, subject)
                                   : seeded(request.prompt_tokens);
      if (!prompt) return prompt.error();
      if (const auto added = add(arrival, *std::move(prompt), request.answer_tokens); !added) return added.error();
      if (request.leaves_us) users.back().cancelled_at = std::max(arrival, cycle_at(*request.leaves_us, clock_mhz));
    }
    return users;
  }
  if (!question.prompt && !question.prompt_tokens)
    return base::Error{"no prompt: give --prompt TEXT, --prompt-tokens P or --workload F"};
  for (std::uint64_t user = 0; user < question.users; ++user) {
    auto prompt =
        question.prompt ? text_ids(*question.prompt, "--prompt", question, subject) : seeded(*question.prompt_tokens);
    if (!prompt) return prompt.error();
    if (const auto added = add({}, *std::move(prompt), question.new_tokens); !added) return added.error();
  }
  return users;
}

std::string answer_text(const Subject& subject, const std::vector<base::TokenId>& prompt,
                        const std::vector<base::TokenId>& answer) {
  if (!subject.tokenizer) return {};
  auto ids = prompt;
  ids.insert(ids.end(), answer.begin(), answer.end());
  const std::string before = subject.tokenizer->decode(prompt);
  const std::string whole = subject.tokenizer->decode(ids);
  return whole.starts_with(before) ? whole.substr(before.size()) : subject.tokenizer->decode(answer);
}

}  // namespace kiln::study
