package sock

import (
	"bufio"
	"io"
	"iter"
	"math"
	"os"
	"strings"
)

// The files of <netdb.h>: services, protocols and hosts. All are lines of words, of which the first
// two are the entry and the others its aliases, and a # begins a comment. Each look-up reads its
// file anew, as in C, so that a change counts at once.

// entries are the lines of the file of that name that have two words or more; or those of builtin
// if there is no such file.
func entries(file, builtin string) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		var r io.Reader = strings.NewReader(builtin)
		if f, err := os.Open(file); err == nil {
			defer f.Close()
			r = f
		}
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, math.MaxInt) // a line may be of any length: one that is too long would be the end of the file
		for lines.Scan() {
			line, _, _ := strings.Cut(lines.Text(), "#")
			if words := strings.Fields(line); len(words) >= 2 && !yield(words) {
				return
			}
		}
	}
}
