// Who asks what, and when: the users of a run from its question, and the text of an answer. Private to the study
// module.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kiln/study/run.hpp"
#include "study/inputs/subject.hpp"

namespace kiln::study {

inline constexpr std::uint64_t kMostTokens = 1U << 24;  ///< of a prompt, and of an answer

/// Arrivals in cycles of `clock_mhz`.
base::Result<std::vector<chip::UserRequest>> users_of(const RunQuestion& question, const Subject& subject,
                                                      std::uint32_t clock_mhz);

/// The answer's text as it continues the prompt's (a SentencePiece answer keeps its leading space).
std::string answer_text(const Subject& subject, const std::vector<base::TokenId>& prompt,
                        const std::vector<base::TokenId>& answer);

}  // namespace kiln::study
