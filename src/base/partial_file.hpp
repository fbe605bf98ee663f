// The file beside an output that a writer may leave when it is killed. Whoever gives its name to a file, or takes it
// from one, holds the lock (flock) of that file. Private to the base module.
#pragma once

#include <string>

namespace kiln::base {

/// Whether the open file has this name; it may have lost it since.
bool has_name(int fd, const std::string& path);

/// Removes what a killed writer left; not the file of one that is alive, which holds a lock.
void remove_left_over(const std::string& partial);

/// Whether nobody else has the left-over file of an output `path`, under another name or as its owner.
bool is_own(int fd, const std::string& path);

/// Whether the partial file may be made there later; errno says why not.
bool can_be_taken(const std::string& partial);

/// Gives the new file the mode and, where it may, the owner of the old one.
bool as_before(int fd, const std::string& path);

}  // namespace kiln::base
