package main

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// wrap fills the paragraphs and list items of // comments that have a line of more than columns.
// Code, tables, drawings, headings and directives stay as they are.
func wrap(src []byte) []byte {
	lines := strings.Split(string(src), "\n")
	var out []string
	for i := 0; i < len(lines); {
		p, ok := begin(lines[i])
		if !ok {
			out = append(out, lines[i])
			i++
			continue
		}
		words := strings.Fields(p.text)
		long := width(lines[i]) > columns
		j := i + 1
		for ; j < len(lines); j++ {
			text, ok := p.next(lines[j])
			if !ok {
				break
			}
			long = long || width(lines[j]) > columns
			words = append(words, strings.Fields(text)...)
		}
		if long && !drawn(lines[i:j]) {
			out = append(out, p.fill(words)...)
		} else {
			out = append(out, lines[i:j]...)
		}
		i = j
	}
	return []byte(strings.Join(out, "\n"))
}

// A paragraph is what its lines begin with: "// " and "// ", or "//   - " and "//     ".
type paragraph struct {
	first, rest string
	text        string // of the first line
}

var (
	plainLine = regexp.MustCompile(`^(\t*// )([^ \t#|].*)$`)
	listLine  = regexp.MustCompile(`^(\t*// +(?:[-*+•]|\d+[.)]) )(\S.*)$`)
)

// begin says whether a line begins a paragraph or a list item.
func begin(line string) (paragraph, bool) {
	if m := listLine.FindStringSubmatch(line); m != nil {
		tabs := m[1][:strings.Index(m[1], "//")]
		return paragraph{m[1], tabs + "//" + strings.Repeat(" ", len(m[1])-len(tabs)-len("//")), m[2]}, true
	}
	if m := plainLine.FindStringSubmatch(line); m != nil {
		return paragraph{m[1], m[1], m[2]}, true
	}
	return paragraph{}, false
}

// next returns the text of a line that continues the paragraph.
func (p paragraph) next(line string) (text string, ok bool) {
	if q, isItem := begin(line); isItem && q.first != q.rest {
		return "", false
	}
	text, ok = strings.CutPrefix(line, p.rest)
	if !ok || text == "" || strings.ContainsRune(" \t#|", rune(text[0])) {
		return "", false
	}
	return text, true
}

// drawn says whether lines are code, a table or a drawing, and not a text that may be filled.
func drawn(lines []string) bool {
	for i, l := range lines {
		text := strings.TrimLeft(l, "\t")
		if strings.HasPrefix(text, "//\t") || strings.ContainsAny(l, "│─┌└▶▼►|") {
			return true
		}
		text = strings.TrimLeft(text, "/ -")
		if strings.Contains(text, "   ") || i > 0 && strings.HasPrefix(text, "Output:") {
			return true
		}
	}
	return false
}

func (p paragraph) fill(words []string) []string {
	var out []string
	room := columns - width(p.rest)
	line, n := p.first, 0
	for _, w := range words {
		size := utf8.RuneCountInString(w)
		if n > 0 && n+1+size > room {
			out = append(out, line)
			line, n = p.rest, 0
		}
		if n > 0 {
			line += " "
			n++
		}
		line += w
		n += size
	}
	return append(out, line)
}
