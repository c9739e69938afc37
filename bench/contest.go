package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// A contestReport is the report of a part that has contests: several ways to do the same, each of
// which has its turn in each cycle.
type contestReport struct {
	findings
	Name     string     `json:"name"` // of the part
	Method   string     `json:"method"`
	Contests []*contest `json:"contests"`
}

// A contest is a table: what each entrant needs, in relation to some of them.
type contest struct {
	Name  string `json:"name"`
	Text  string `json:"text"`
	Procs int    `json:"procs"`
	Place string `json:"place,omitempty"` // what came of -place
	Who   string `json:"who"`             // was placed

	What     string   `json:"what"`                // is measured, less of which is better: "CPU"
	Unit     string   `json:"unit"`                // of it
	RateUnit string   `json:"rate_unit,omitempty"` // of the rate; empty: no rate
	Bases    []string `json:"bases"`               // the entrants to which the others are put in relation

	Entrants []*entrant `json:"entrants"`
}

// An entrant is one way to do it.
type entrant struct {
	Name  string    `json:"name"`
	Costs []float64 `json:"costs"` // in Unit, one for each cycle
	Rates []float64 `json:"rates,omitempty"`

	Cost    quartiles            `json:"cost"`
	Rate    quartiles            `json:"rate"`
	Ratios  map[string]quartiles `json:"ratios"` // of the costs to those of each base, formed within a cycle
	More    []figure             `json:"more,omitempty"`
	Failure string               `json:"failure,omitempty"`
}

// A figure is a further column of an entrant.
type figure struct {
	Head   string  `json:"head"` // of its column, the same in all entrants of a contest
	Value  float64 `json:"value"`
	Digits int     `json:"digits"`
}

func (c *contest) entrant(name string) *entrant {
	for _, e := range c.Entrants {
		if e.Name == name {
			return e
		}
	}
	return nil
}

func (r *contestReport) sumUp(targets []contestTarget) {
	for _, c := range r.Contests {
		for _, e := range c.Entrants {
			e.Cost, e.Rate = quartilesOf(e.Costs), quartilesOf(e.Rates)
			e.Ratios = make(map[string]quartiles)
			for _, name := range c.Bases {
				if base := c.entrant(name); base != nil && base != e {
					e.Ratios[name] = quartilesOf(ratios(e.Costs, base.Costs))
				}
			}
		}
	}
	for _, t := range targets {
		r.Targets = append(r.Targets, t.target.judge(r.valueOf(t)))
	}
}

// A contestTarget is a figure that pollux has to reach, with GOMAXPROCS=1: the ratio of an entrant
// to a base, or, without a base, its cost.
type contestTarget struct {
	target
	Contest, Name, Base string
}

func contestRatio(claim string, limit float64, contest, name, base string) contestTarget {
	return contestTarget{target{Claim: claim, Bound: atMost, Limit: limit, Unit: "x"}, contest, name, base}
}

func (r *contestReport) valueOf(t contestTarget) quartiles {
	for _, c := range r.Contests {
		if e := c.entrant(t.Name); c.Name == t.Contest && c.Procs == 1 && e != nil {
			if t.Base == "" {
				return e.Cost
			}
			return e.Ratios[t.Base]
		}
	}
	return quartiles{}
}

// write prints the whole report for a reader.
func (r *contestReport) write(w io.Writer) error {
	var b strings.Builder
	r.Environment.write(&b)
	fmt.Fprintf(&b, "method  %s\n", r.Method)
	for _, c := range r.Contests {
		c.write(&b)
	}
	r.writeEnd(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (c *contest) write(w io.Writer) {
	fmt.Fprintf(w, "\n%s: %s (GOMAXPROCS=%d", c.Name, c.Text, c.Procs)
	if c.Place != "" {
		fmt.Fprintf(w, ", %s", where(c.Who, c.Place))
	}
	fmt.Fprintln(w, ")")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	head := []string{"", c.What + " " + c.Unit}
	for _, base := range c.Bases {
		if c.entrant(base) != nil {
			head = append(head, c.What+"/"+base)
		}
	}
	if c.RateUnit != "" {
		head = append(head, c.RateUnit)
	}
	var more []string
	for _, e := range c.Entrants {
		for _, f := range e.More {
			if !slices.Contains(more, f.Head) {
				more = append(more, f.Head)
			}
		}
	}
	fmt.Fprintln(t, strings.Join(append(head, more...), "\t"))
	for _, e := range c.Entrants {
		cells := []string{e.Name, e.Cost.full(2)}
		for _, base := range c.Bases {
			switch {
			case c.entrant(base) == nil:
			case base == e.Name:
				cells = append(cells, "1")
			default:
				cells = append(cells, e.Ratios[base].full(2))
			}
		}
		if c.RateUnit != "" {
			cells = append(cells, e.Rate.median(2))
		}
		for _, h := range more {
			cells = append(cells, e.figure(h))
		}
		if e.Failure != "" {
			cells = append(cells, "failed: "+e.Failure)
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	t.Flush()
}

// figure prints a further column of an entrant.
func (e *entrant) figure(head string) string {
	for _, f := range e.More {
		if f.Head == head {
			return fmt.Sprintf("%.*f", f.Digits, f.Value)
		}
	}
	return "-"
}

// figures are the ratios. A cost by itself depends on the machine.
func (r *contestReport) figures() []measured {
	var list []measured
	for _, c := range r.Contests {
		for _, e := range c.Entrants {
			for _, base := range c.Bases {
				if q := e.Ratios[base]; q.N > 0 {
					list = append(list, measured{fmt.Sprintf("%s %s: %s of %s / %s", r.Name, c.Name, c.What, e.Name, base), q})
				}
			}
		}
	}
	return list
}

// charts is one picture of the ratios to the first base of each contest.
func (r *contestReport) charts() []*chart {
	if len(r.Contests) == 0 {
		return nil
	}
	c := &chart{Title: fmt.Sprintf("bench %s: %s in relation to a base", r.Name, r.Contests[0].What), Unit: "x"}
	var bases []string
	values := make(map[string][]float64)
	for i, t := range r.Contests {
		if len(t.Bases) == 0 {
			continue
		}
		c.labels = append(c.labels, t.Name)
		bases = append(bases, t.Name+": "+t.Bases[0])
		for _, e := range t.Entrants {
			q := e.Ratios[t.Bases[0]]
			if q.N == 0 || q.Median > 2 {
				continue // a way without a use hides the others' differences
			}
			if _, ok := values[e.Name]; !ok {
				c.names = append(c.names, e.Name)
				values[e.Name] = make([]float64, len(r.Contests))
			}
			values[e.Name][i] = q.Median
		}
	}
	c.Text = "1 is the base of each contest (" + strings.Join(bases, ", ") + "). Less is better. What is above 2 is left out."
	for _, name := range c.names {
		c.values = append(c.values, values[name])
	}
	return []*chart{c}
}
