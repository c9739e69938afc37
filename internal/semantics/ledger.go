package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/polluxio/pollux/internal/genconst/catalog"
)

// An item is one row of the ledger: one fact about Python's socket module.
type item struct {
	number  int
	section string
	title   string
	reason  string   // why there is no test, or "pending" while one is still to be written
	tests   []string // "folder.Name", in order
}

// pendingReason says that an item waits for its test. The command fails on it; the tests of this
// package do not.
const pendingReason = "pending"

var header = []string{"item", "section", "title", "reason", "tests"}

func readLedger(file string) ([]item, error) {
	records, err := catalog.Records(file, header...)
	if err != nil {
		return nil, err
	}
	var items []item
	for i, r := range records {
		number, err := strconv.Atoi(r[0])
		if err != nil || number != i+1 || r[1] == "" || r[2] == "" {
			return nil, fmt.Errorf("%s: row %d is not that of item %d, with a section and a title", file, i+2, i+1)
		}
		items = append(items, item{number, r[1], r[2], r[3], strings.Fields(r[4])})
	}
	return items, nil
}

func writeLedger(file string, items []item) error {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.Write(header)
	for _, it := range items {
		w.Write([]string{strconv.Itoa(it.number), it.section, it.title, it.reason, strings.Join(it.tests, " ")})
	}
	w.Flush()
	return os.WriteFile(file, out.Bytes(), 0o666)
}

// fill gives each item its tests. What was pending and has one is pending no more.
func fill(items []item, found findings) {
	for i := range items {
		it := &items[i]
		it.tests = found.tests[it.number]
		if len(it.tests) > 0 && it.reason == pendingReason {
			it.reason = ""
		}
	}
}

// check says what is wrong, and what is still pending.
func check(items []item, found findings) (problems, pending []string) {
	complain := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	for _, it := range items {
		tests := found.tests[it.number]
		switch {
		case len(tests) == 0 && it.reason == "":
			complain("item %d has neither a test nor a reason: %s", it.number, it.title)
		case len(tests) == 0 && it.reason == pendingReason:
			pending = append(pending, fmt.Sprintf("item %d is pending: %s", it.number, it.title))
		}
		for _, test := range it.tests {
			if !slices.Contains(tests, test) {
				complain("item %d: there is no test %s that names it", it.number, test)
			}
		}
		for _, test := range tests {
			if !slices.Contains(it.tests, test) {
				complain("item %d: %s names it, and the ledger does not know: run go generate ./sock", it.number, test)
			}
		}
	}
	for number, tests := range found.tests {
		if number < 1 || number > len(items) {
			complain("there is no item %d, which these name: %s", number, strings.Join(tests, " "))
		}
	}
	return append(problems, found.strays...), pending
}
