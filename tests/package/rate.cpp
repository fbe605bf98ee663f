// Tokens a second that hc1 gives one user of Llama 3.1 8B, 1,024 tokens in and 1,024 out: what a program of one's own
// asks of an installed Kiln.
#include <cstdio>

#include "kiln/study/run.hpp"

int main() {
  kiln::study::Environment environment{kiln::config::Catalogue(KILN_CONFIGS)};
  kiln::study::RunQuestion question;
  question.model = "llama-3.1-8b";
  question.chip = "hc1";
  question.prompt_tokens = 1024;
  question.new_tokens = 1024;
  const auto answer = kiln::study::run(question, environment);
  if (!answer || answer->mismatch()) {
    std::fprintf(stderr, "%s\n", answer ? answer->mismatch()->c_str() : answer.error().message.c_str());
    return 1;
  }
  std::printf("%.17g tokens/s\n", *answer->result.speed.tokens_per_s_user);
}
