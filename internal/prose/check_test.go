package main

import (
	"strings"
	"testing"
)

// Each rule finds its word in a comment and in a text, and nothing in code.
func TestCheckGoFindsEachRule(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"actor in a comment", "package p\n\n// It is for who waits.\nvar x int\n", `p.go:3: "who"`},
		{"actor in a text", "package p\n\nvar x = \"an error that nobody reads\"\n", `p.go:3: "nobody"`},
		{"second line of a block", "package p\n\n/* one\nSomebody waits. */\n", `p.go:4: "Somebody"`},
		{"passive", "package p\n\n// The loop is told of it.\n", `p.go:3: "is told"`},
		{"without result", "package p\n\n// It waits in vain.\n", `p.go:3: "in vain"`},
		{"existence", "package p\n\n// It is 0 if there is none.\n", `p.go:3: "there is none"`},
		{"width", "package p\n\n\t// " + strings.Repeat("word ", 19) + "ab\n", "p.go:3: a comment of 104 columns"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			found := checkGo("p.go", []byte(test.src))
			if len(found) != 1 || !strings.HasPrefix(found[0].String(), test.want) {
				t.Errorf("%v, want %s", found, test.want)
			}
		})
	}
}

func TestCheckGoLeavesCodeAlone(t *testing.T) {
	for _, src := range []string{
		"package p\n\nvar who = 1\n",                                      // a name in code
		"package p\n\nvar x = \"who\"\n",                                  // data, not prose
		"package p\n\n// The field `who` is a waiter.\n",                  // a name in a comment
		"package p\n\n//go:generate " + strings.Repeat("x ", 60),          // a directive
		"package p\n\n// https://example.org/" + strings.Repeat("x", 100), // nowhere to break
		"package p\n\n//\tcode " + strings.Repeat("x ", 60),               // code in a comment
		"package p\n\n// " + strings.Repeat("x", 97),                      // as wide as may be
	} {
		if found := checkGo("p.go", []byte(src)); len(found) != 0 {
			t.Errorf("%q: %v", src, found)
		}
	}
}

func TestCheckTextLeavesCodeAlone(t *testing.T) {
	src := "Who waits?\n\n    who | sort\n\n```\nwho\n```\n\nThe command `who`.\n"
	if found := checkText("a.md", []byte(src)); len(found) != 1 || found[0].line != 1 {
		t.Errorf("%v, want line 1", found)
	}
}

func TestWrapFillsParagraphs(t *testing.T) {
	long := strings.TrimSpace(strings.Repeat("word ", 25))
	tests := []struct{ name, src, want string }{
		{"too wide", "\t// " + long + "\n", "\t// " + strings.TrimSpace(strings.Repeat("word ", 18)) + "\n\t// " +
			strings.TrimSpace(strings.Repeat("word ", 7)) + "\n"},
		{"the rest of the paragraph follows", "// " + long + "\n// end\n", "// " + strings.TrimSpace(strings.Repeat("word ", 19)) +
			"\n// " + strings.TrimSpace(strings.Repeat("word ", 6)) + " end\n"},
		{"narrow lines stay", "// one\n// two\n", "// one\n// two\n"},
		{"code stays", "//\tcode " + long + "\n", "//\tcode " + long + "\n"},
		{"a list item keeps its indentation", "//   - " + long + "\n//   - next\n", "//   - " + strings.TrimSpace(strings.Repeat("word ", 18)) +
			"\n//     " + strings.TrimSpace(strings.Repeat("word ", 7)) + "\n//   - next\n"},
		{"a heading stays", "// # " + long + "\n", "// # " + long + "\n"},
		{"a drawing stays", "// a ──▶ b " + long + "\n", "// a ──▶ b " + long + "\n"},
		{"a table stays", "// a    b    " + long + "\n", "// a    b    " + long + "\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := string(wrap([]byte(test.src))); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
			if again := wrap(wrap([]byte(test.src))); string(again) != test.want {
				t.Errorf("twice: %q", again)
			}
		})
	}
}

func TestAllowancesNameFileAndWord(t *testing.T) {
	a := parseAllowed("# a comment\n\nx.go: who\n")
	found := []finding{{"x.go", 1, `"who": rule`}, {"x.go", 2, `"nobody": rule`}, {"y.go", 3, `"who": rule`}}
	if kept := a.filter(found); len(kept) != 2 || kept[0].line != 2 || kept[1].line != 3 {
		t.Errorf("%v", kept)
	}
}
