// How many random draws a test makes: all of them in an ordinary build, the first quarter where a sanitizer watches. A
// sanitizer looks for what any draw would show, at ten to thirty times the cost; that all draws agree is held by the
// builds without one (release among them). What a test demands of its draws goes through here as well.
#pragma once

namespace kiln::support {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int kShareOfDraws = 4;
#else
inline constexpr int kShareOfDraws = 1;
#endif

constexpr int draws(int all) { return (all + kShareOfDraws - 1) / kShareOfDraws; }

}  // namespace kiln::support
