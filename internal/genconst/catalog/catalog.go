// Package catalog knows every constant that Python's socket module documents, and what each is
// worth on each system.
//
// The names are the rows of sock/testdata/names.csv ([Read]). The worth comes from the Go type
// checker: a [Target] is one system on one processor, loaded from the sources of golang.org/x/sys
// and package syscall as that system's compiler would see them, so that one machine answers for
// all. Both the generator and the parity test of package sock stand on it, and so cannot disagree
// about what a file says.
package catalog

import (
	"encoding/csv"
	"fmt"
	"os"
	"slices"
	"strings"
)

// A Row is one name that Python documents.
type Row struct {
	Name      string
	Kind      string   // "constant"; functions, methods and the rest are of no concern here
	Group     string   // "SO", "TCP": the block that the name is generated into
	Platforms []string // GOOS values; empty if no header of any system defines the name
	Linux     string   // the value on linux/amd64, empty if the list has none
	Note      string
}

// On reports whether Python documents the name on goos.
func (r Row) On(goos string) bool { return slices.Contains(r.Platforms, goos) }

// Read returns the rows of names.csv in the order of the file, which is also the order of what is
// generated.
func Read(file string) ([]Row, error) {
	records, err := Records(file, "name", "kind", "group", "platforms", "linux_value", "note")
	if err != nil {
		return nil, err
	}
	rows := make([]Row, 0, len(records))
	for _, f := range records {
		platforms, err := parsePlatforms(f[3])
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", file, f[0], err)
		}
		rows = append(rows, Row{f[0], f[1], f[2], platforms, f[4], f[5]})
	}
	return rows, nil
}

// Reasons returns, for each name and GOOS, why Python's documentation has the name there and this
// module does not.
func Reasons(file string) (map[string]map[string]string, error) {
	records, err := Records(file, "name", "platforms", "reason")
	if err != nil {
		return nil, err
	}
	reasons := make(map[string]map[string]string)
	for _, f := range records {
		platforms, err := parsePlatforms(f[1])
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", file, f[0], err)
		}
		if f[2] == "" {
			return nil, fmt.Errorf("%s: %s: empty reason", file, f[0])
		}
		if reasons[f[0]] == nil {
			reasons[f[0]] = make(map[string]string)
		}
		for _, goos := range platforms {
			if reasons[f[0]][goos] != "" {
				return nil, fmt.Errorf("%s: %s: two reasons for %s", file, f[0], goos)
			}
			reasons[f[0]][goos] = f[2]
		}
	}
	return reasons, nil
}

// Values returns the values that are known from each system's own headers, by name and GOOS.
func Values(file string) (map[string]map[string]string, error) {
	header := []string{"name"}
	for _, s := range Systems {
		header = append(header, s.GOOS)
	}
	records, err := Records(file, header...)
	if err != nil {
		return nil, err
	}
	values := make(map[string]map[string]string)
	for _, f := range records {
		values[f[0]] = make(map[string]string)
		for i, goos := range header[1:] {
			v := f[i+1]
			if v == "?" {
				return nil, fmt.Errorf("%s: %s has a value on %s that was not looked up", file, f[0], goos)
			}
			if v != "" {
				values[f[0]][goos] = v
			}
		}
	}
	return values, nil
}

func parsePlatforms(s string) ([]string, error) {
	var all []string
	for _, sys := range Systems {
		all = append(all, sys.GOOS)
	}
	switch s {
	case "all":
		return all, nil
	case "none":
		return nil, nil
	}
	platforms := strings.Split(s, ";")
	for _, goos := range platforms {
		if !slices.Contains(all, goos) {
			return nil, fmt.Errorf("unknown platform %q", goos)
		}
	}
	return platforms, nil
}

// Records returns the records of a CSV file below the first, which must be the given header.
func Records(file string, header ...string) ([][]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(records) == 0 || !slices.Equal(records[0], header) {
		return nil, fmt.Errorf("%s: the first line is not %s", file, strings.Join(header, ","))
	}
	return records[1:], nil
}
