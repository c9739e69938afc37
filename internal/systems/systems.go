package systems

import (
	"fmt"
	"io"
	"maps"
	"strings"
)

// Names are the systems, as GOOS has them.
var Names = []string{"linux", "freebsd", "openbsd", "netbsd", "dragonfly", "darwin", "windows"}

// A Question is a row of the table.
type Question string

// An Answer is a cell of the table.
type Answer struct {
	// Says is the name of an errno, or a short text. The name is that of POSIX, also for Windows,
	// whose names begin with WSA.
	Says   string
	Source string // the manual page with its section, the header, or where it was observed
	Seen   bool   // it was observed on a kernel; false: it is from the manual
}

// bsds are the systems whose manuals share most of their text.
var bsds = []string{"freebsd", "openbsd", "netbsd", "dragonfly", "darwin"}

// A row is the answers to one question.
type row struct {
	question Question
	answers  map[string]Answer
}

// man is an answer from a manual.
func man(says, source string) Answer { return Answer{Says: says, Source: source} }

// seen is an answer that was observed.
func seen(says, where string) Answer { return Answer{Says: says, Source: where, Seen: true} }

// of is the same answer for several systems, each from its own page.
func of(a Answer, systems ...string) map[string]Answer {
	m := make(map[string]Answer)
	for _, s := range systems {
		m[s] = a
	}
	return m
}

// with adds the answers of others; later ones replace earlier ones.
func with(parts ...map[string]Answer) map[string]Answer {
	m := make(map[string]Answer)
	for _, part := range parts {
		maps.Copy(m, part)
	}
	return m
}

// Of returns the answer for a system. ok is false if the table has none.
func Of(system string, q Question) (a Answer, ok bool) {
	for _, r := range table {
		if r.question == q {
			a, ok = r.answers[system]
			return a, ok
		}
	}
	return Answer{}, false
}

// Questions returns all questions, in order.
func Questions() (list []Question) {
	for _, r := range table {
		list = append(list, r.question)
	}
	return list
}

// Print writes the table. An answer without a mark was observed; one with * is from the manual.
func Print(w io.Writer) error {
	var b strings.Builder
	for _, r := range table {
		fmt.Fprintf(&b, "%s\n", r.question)
		for _, s := range Names {
			a := r.answers[s]
			mark := "*"
			if a.Seen {
				mark = " "
			}
			fmt.Fprintf(&b, "  %-10s%s %-44s %s\n", s, mark, a.Says, a.Source)
		}
	}
	b.WriteString("* from the manual\n")
	_, err := io.WriteString(w, b.String())
	return err
}
