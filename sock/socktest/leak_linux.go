package socktest

import (
	"os"
	"path/filepath"
)

// descriptors returns the open descriptors: proc(5), "/proc/self/fd".
func descriptors() map[string]string {
	const dir = "/proc/self/fd"
	entries, _ := os.ReadDir(dir)
	open := make(map[string]string)
	for _, e := range entries {
		// The list also has the descriptor that read the directory. It is closed by now.
		if what, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil {
			open[e.Name()] = what
		}
	}
	return open
}
