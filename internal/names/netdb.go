package names

import (
	"bufio"
	"io"
	"iter"
	"math"
	"os"
	"strings"
)

// The files of <netdb.h>: services, protocols and hosts. Each line has words. The first two are the
// entry, and the others are its aliases. A # begins a comment. Each look-up reads its file again,
// as in C, so a change takes effect at once.

// entries returns the lines of a file that have two words or more. If the file does not exist, it
// returns those of builtin.
func entries(file, builtin string) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		var r io.Reader = strings.NewReader(builtin)
		if f, err := os.Open(file); err == nil {
			defer f.Close()
			r = f
		}
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, math.MaxInt) // no limit for a line: a line that is too long would end the whole file
		for lines.Scan() {
			line, _, _ := strings.Cut(lines.Text(), "#")
			if words := strings.Fields(line); len(words) >= 2 && !yield(words) {
				return
			}
		}
	}
}
