package main

import (
	"fmt"
	"go/parser"
	"go/scanner"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A finding is one place where a text breaks a rule.
type finding struct {
	file string
	line int
	rule string
}

func (f finding) String() string { return fmt.Sprintf("%s:%d: %s", f.file, f.line, f.rule) }

const (
	columns  = 100 // of a line of comment, its indentation included
	tabWidth = 4
)

// banned are words that hide the actor of a sentence. Each has its plain form.
var banned = []struct {
	words *regexp.Regexp
	rule  string
}{
	{regexp.MustCompile(`(?i)\b(who|whom|whoever|somebody|someone|nobody|no-one)\b`), "name the actor: the caller, the loop, the task, the kernel"},
	{regexp.MustCompile(`(?i)\b(is|are|was|were|be|being|been) told\b`), `"is told" is "gets" or "is called"`},
	{regexp.MustCompile(`(?i)\bin vain\b`), `"in vain" is "without result"`},
	{regexp.MustCompile(`(?i)\bthere (is|are) none\b`), `"there is none" is "does not exist"`},
	{regexp.MustCompile(`(?i)\b(not to be had|to be had)\b`), `"is not to be had" is "does not exist" or "is not available"`},
}

// checkWords reports the banned words of one piece of text that begins at a line.
func checkWords(file string, line int, text string) []finding {
	var found []finding
	for i, l := range strings.Split(text, "\n") {
		l = quoted.ReplaceAllString(l, "")
		for _, b := range banned {
			if word := b.words.FindString(l); word != "" {
				found = append(found, finding{file, line + i, fmt.Sprintf("%q: %s", word, b.rule)})
			}
		}
	}
	return found
}

// quoted is code in a text: `who` there is a name and not a word.
var quoted = regexp.MustCompile("`[^`]*`")

// width is the number of columns of a line.
func width(line string) int {
	n := 0
	for _, r := range line {
		if r == '\t' {
			n += tabWidth - n%tabWidth
		} else {
			n++
		}
	}
	return n
}

// checkGo reports what breaks a rule in the comments and strings of a Go file.
func checkGo(file string, src []byte) []finding {
	var found []finding
	fset := token.NewFileSet()
	f := fset.AddFile(file, -1, len(src))
	var s scanner.Scanner
	s.Init(f, src, nil, scanner.ScanComments)
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			break
		}
		line := f.Line(pos)
		switch tok {
		case token.COMMENT:
			if strings.HasPrefix(lit, "//go:") {
				continue
			}
			found = append(found, checkWords(file, line, lit)...)
		case token.STRING:
			// Only a text of several words is prose. A short one is data: a format, a name, a key.
			text, err := strconv.Unquote(lit)
			if err == nil && strings.Count(text, " ") >= 2 && utf8.ValidString(text) && !strings.Contains(text, "\n") {
				found = append(found, checkWords(file, line, text)...)
			}
		}
	}
	for i, l := range strings.Split(string(src), "\n") {
		if wholeComment(l) && width(l) > columns && !unbreakable(l) && !drawn([]string{l}) {
			found = append(found, finding{file, i + 1, fmt.Sprintf("a comment of %d columns: at most %d", width(l), columns)})
		}
	}
	return found
}

// wholeComment says whether a line is a // comment and nothing else.
func wholeComment(line string) bool {
	l := strings.TrimLeft(line, "\t ")
	return strings.HasPrefix(l, "//") && !strings.HasPrefix(l, "//go:")
}

// unbreakable says whether a comment has no space at which it could be broken: a long address.
func unbreakable(line string) bool {
	return !strings.Contains(strings.TrimLeft(line, "\t /"), " ")
}

// checkText reports the banned words of a Markdown file, outside its code.
func checkText(file string, src []byte) []finding {
	var found []finding
	code := false
	for i, l := range strings.Split(string(src), "\n") {
		if strings.HasPrefix(strings.TrimSpace(l), "```") {
			code = !code
		}
		if !code && !strings.HasPrefix(l, "    ") {
			found = append(found, checkWords(file, i+1, l)...)
		}
	}
	return found
}

// generated says whether a Go file is written by a program: its generator's text is checked
// instead.
func generated(src []byte) bool {
	f, err := parser.ParseFile(token.NewFileSet(), "", src, parser.PackageClauseOnly|parser.ParseComments)
	if err != nil {
		return false
	}
	for _, g := range f.Comments {
		for _, c := range g.List {
			if strings.HasPrefix(c.Text, "// Code generated ") {
				return true
			}
		}
	}
	return false
}
