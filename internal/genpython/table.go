package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"

	"github.com/polluxio/pollux/internal/genconst/catalog"
)

// A row is one thing of Python's and what it is called here.
type row struct {
	section string
	name    string   // as names.csv has it
	python  string   // as it is written there; may be empty
	gos     []string // "Socket.Recv", "families.Parse"; with a "?" before it, one that is to come; none: the note is the reason
	note    string
}

var header = []string{"section", "name", "python", "go", "note"}

func readRows(file string) ([]row, error) {
	records, err := catalog.Records(file, header...)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, r := range records {
		row := row{r[0], r[1], r[2], strings.Fields(r[3]), r[4]}
		if row.section == "" || row.name == "" || len(row.gos) == 0 && row.note == "" {
			return nil, fmt.Errorf("%s: %s: it needs a section, a name, and a Go name or a reason", file, row.name)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func writeRows(rows []row) ([]byte, error) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.Write(header)
	for _, r := range rows {
		w.Write([]string{r.section, r.name, r.python, strings.Join(r.gos, " "), r.note})
	}
	w.Flush()
	return out.Bytes(), w.Error()
}

// arrived takes the "?" from what is there.
func (r *row) arrived(decls map[string]string) {
	for i, name := range r.gos {
		if name, toCome := strings.CutPrefix(name, "?"); toCome && decls[name] != "" {
			r.gos[i] = name
		}
	}
}
