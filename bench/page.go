package main

import (
	"bytes"
	_ "embed"
	"html/template"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// page is the report as one file of HTML that needs no other.
func (r *fullReport) page() ([]byte, error) {
	type picture struct {
		*chart
		SVG template.HTML
	}
	data := struct {
		*fullReport
		Charts  []picture
		Targets []verdict
		Lost    []verdict
		Text    string
	}{fullReport: r}
	for _, c := range r.charts() {
		svg, err := c.svg()
		if err != nil {
			return nil, err
		}
		data.Charts = append(data.Charts, picture{c, template.HTML(svg)})
	}
	for _, p := range r.Parts {
		data.Targets = append(data.Targets, p.Report.about().Targets...)
	}
	for _, v := range data.Targets {
		if v.Verdict == notMet {
			data.Lost = append(data.Lost, v)
		}
	}
	var text strings.Builder
	if err := r.write(&text); err != nil {
		return nil, err
	}
	data.Text = text.String()
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, data); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// writePictures writes each picture to a file, whose name follows from its title.
func writePictures(folder string, list []*chart) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	for _, c := range list {
		svg, err := c.svg()
		if err != nil {
			return err
		}
		name := strings.Join(strings.FieldsFunc(strings.ToLower(c.Title), func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r)
		}), "-") + ".svg"
		if err := os.WriteFile(filepath.Join(folder, name), svg, 0o666); err != nil {
			return err
		}
	}
	return nil
}
