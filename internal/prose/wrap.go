package main

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// wrap fills the paragraphs of // comments that have a line of more than columns. Lists, code,
// diagrams, headings and directives stay as they are.
func wrap(src []byte) []byte {
	lines := strings.Split(string(src), "\n")
	var out []string
	for i := 0; i < len(lines); {
		indent, _, ok := paragraphLine(lines[i])
		if !ok {
			out = append(out, lines[i])
			i++
			continue
		}
		j := i
		long := false
		var words []string
		for ; j < len(lines); j++ {
			in, text, ok := paragraphLine(lines[j])
			if !ok || in != indent {
				break
			}
			long = long || width(lines[j]) > columns
			words = append(words, strings.Fields(text)...)
		}
		if long && prose(lines[i:j]) {
			out = append(out, fill(indent, words)...)
		} else {
			out = append(out, lines[i:j]...)
		}
		i = j
	}
	return []byte(strings.Join(out, "\n"))
}

var listItem = regexp.MustCompile(`^(?:[-*+•] |\d+[.)] |#|\|)`)

// paragraphLine takes a line of a comment's paragraph apart.
func paragraphLine(line string) (indent, text string, ok bool) {
	rest := strings.TrimLeft(line, "\t")
	indent = line[:len(line)-len(rest)]
	text, ok = strings.CutPrefix(rest, "// ")
	if !ok || text == "" || text[0] == ' ' || text[0] == '\t' || listItem.MatchString(text) {
		return "", "", false
	}
	return indent, text, true
}

// prose says whether lines are a text that may be filled, and not a table or a drawing.
func prose(lines []string) bool {
	for _, l := range lines {
		if strings.ContainsAny(l, "│─┌└▶▼►|") || strings.Contains(strings.TrimLeft(l, "\t/ "), "   ") ||
			strings.Contains(l, "Deprecated:") || strings.Contains(l, "// Output:") || strings.Contains(l, "//lint:") {
			return false
		}
	}
	return true
}

func fill(indent string, words []string) []string {
	var out []string
	room := columns - width(indent) - len("// ")
	line, n := "", 0
	for _, w := range words {
		size := utf8.RuneCountInString(w)
		if n > 0 && n+1+size > room {
			out = append(out, indent+"// "+line)
			line, n = "", 0
		}
		if n > 0 {
			line += " "
			n++
		}
		line += w
		n += size
	}
	return append(out, indent+"// "+line)
}
