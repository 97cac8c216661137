# From what the benchmarks measured,
#
#   situation,at,unit,subject,repetition,value          and lines that begin with #, which are left out
#
# to medians over the repetitions, with least and greatest, and their ratios to a floor and to the baselines, which are
# given as -v baselines="NAME=SUBJECT...". A ratio is the median of those within a repetition, where both were measured
# soon after one another: the moods of a machine cancel out. Floors are not compared with baselines. A baseline has no
# batch and no pages of 2 MiB: there its single calls count, in pages of 4 KiB.

BEGIN { FS = OFS = "," }

/^#/ || $1 == "situation" { next }

{
  place = $1 OFS $2
  if (!(place in subjects)) places[++place_count] = place
  row = place OFS $4
  if (!(row in count)) { subject[place, ++subjects[place]] = $4; unit[row] = $3 }
  value[row, ++count[row]] = $6
}

# Of the first n of `sorted`, which it sorts.
function median(n,    i, j, kept) {
  for (i = 2; i <= n; ++i) {
    kept = sorted[i]
    for (j = i - 1; j >= 1 && sorted[j] > kept; --j) sorted[j + 1] = sorted[j]
    sorted[j + 1] = kept
  }
  return (sorted[int((n + 1) / 2)] + sorted[int((n + 2) / 2)]) / 2
}

function find(place, name,    other) {
  if ((place OFS name) in count) return place OFS name
  other = place
  if (!is_floor(name)) {
    sub(/2M_pages/, "4K_pages", other)
    sub(/^batch/, other ~ /pages/ ? "single" : "admitted", other)
  }
  return (other OFS name) in count ? other OFS name : ""
}

function is_floor(name) { return name ~ /^(floor|parts|keys_only|line_loads|fetch_add|hash|clock|compare_exchange)$/ }

function ratio(row, base,    i, n) {
  if (base == "" || base == row) return ""
  n = count[row] < count[base] ? count[row] : count[base]
  for (i = 1; i <= n; ++i) {
    if (value[base, i] + 0 == 0) return ""
    sorted[i] = value[row, i] / value[base, i]
  }
  return sprintf("%.2f", median(n))
}

END {
  baseline_count = split(baselines, baseline, " ")
  line = "situation,at,unit,subject,median,least,greatest,of_floor"
  for (b = 1; b <= baseline_count; ++b) {
    split(baseline[b], pair, "=")
    line = line OFS "of_" pair[1]
    baseline[b] = pair[2]
  }
  print line
  for (p = 1; p <= place_count; ++p) {
    place = places[p]
    floor = find(place, "floor")
    if (floor == "") floor = find(place, "parts")
    for (s = 1; s <= subjects[place]; ++s) {
      row = place OFS subject[place, s]
      for (i = 1; i <= count[row]; ++i) sorted[i] = value[row, i] + 0
      middle = median(count[row])
      line = place OFS unit[row] OFS subject[place, s] OFS middle OFS sorted[1] OFS sorted[count[row]]
      line = line OFS ratio(row, floor)
      for (b = 1; b <= baseline_count; ++b) {
        line = line OFS (is_floor(subject[place, s]) ? "" : ratio(row, find(place, baseline[b])))
      }
      print line
    }
  }
}
