namespace FopWatch.Settings;

/// <summary>Suggests the known name that is closest to a misspelt one.</summary>
public static class NearestName
{
    /// <summary>Finds the name that somebody may have meant. Case does not matter.</summary>
    /// <param name="written">The name that was written.</param>
    /// <param name="known">The known names.</param>
    /// <returns>The nearest known name if at most a third of its letters differ, else null. Of equally near names, the first in alphabetical order.</returns>
    public static string? Find(string written, IEnumerable<string> known)
    {
        ArgumentNullException.ThrowIfNull(written);
        ArgumentNullException.ThrowIfNull(known);
        return known
            .Select(name => (Name: name, Distance: Distance(written.ToUpperInvariant(), name.ToUpperInvariant())))
            .Where(one => one.Distance <= Math.Max(1, Math.Min(one.Name.Length, written.Length) / 3))
            .OrderBy(one => one.Distance)
            .ThenBy(one => one.Name, StringComparer.Ordinal)
            .Select(one => one.Name)
            .FirstOrDefault();
    }

    // Optimal string alignment: the fewest letters to insert, delete, replace or swap with their neighbour.
    private static int Distance(string from, string to)
    {
        if (Math.Abs(from.Length - to.Length) > to.Length / 3 + 1)
            return int.MaxValue;

        var rows = new int[from.Length + 1, to.Length + 1];
        for (var i = 0; i <= from.Length; i++)
            rows[i, 0] = i;
        for (var j = 0; j <= to.Length; j++)
            rows[0, j] = j;
        for (var i = 1; i <= from.Length; i++)
        {
            for (var j = 1; j <= to.Length; j++)
            {
                rows[i, j] = Math.Min(
                    Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1,
                    rows[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
            }
        }

        return rows[from.Length, to.Length];
    }
}
