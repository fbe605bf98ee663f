// Which sanitizers the program is compiled with: 1 or 0, for the preprocessor and for code. GCC defines a macro for each, clang
// answers __has_feature.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define KILN_HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KILN_HAS_ASAN 1
#endif
#endif
#ifndef KILN_HAS_ASAN
#define KILN_HAS_ASAN 0
#endif

#if defined(__SANITIZE_THREAD__)
#define KILN_HAS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define KILN_HAS_TSAN 1
#endif
#endif
#ifndef KILN_HAS_TSAN
#define KILN_HAS_TSAN 0
#endif
