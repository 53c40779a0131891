namespace FopWatch.Local.CommandLine;

/// <summary>Finds the name that somebody may have meant.</summary>
internal static class NearestName
{
    private const int MostEdits = 2;

    /// <summary>The nearest name within two edits; null if none is near.</summary>
    /// <param name="word">The word that was written.</param>
    /// <param name="names">The names.</param>
    public static string? To(string word, IEnumerable<string> names) => names
        .Where(name => Math.Abs(name.Length - word.Length) <= MostEdits)
        .Select(name => (Name: name, Edits: Edits(word, name)))

        // Two edits turn most words of three letters into each other.
        .Where(one => one.Edits <= MostEdits && one.Edits * 2 < one.Name.Length)
        .OrderBy(one => one.Edits)
        .Select(one => one.Name)
        .FirstOrDefault();

    /// <summary>How many letters to insert, remove, replace or swap with the next one.</summary>
    private static int Edits(string from, string to)
    {
        var edits = new int[from.Length + 1, to.Length + 1];
        for (var i = 0; i <= from.Length; i++)
        {
            for (var j = 0; j <= to.Length; j++)
            {
                edits[i, j] = i == 0 || j == 0
                    ? i + j
                    : Math.Min(Math.Min(edits[i - 1, j], edits[i, j - 1]) + 1, edits[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                    edits[i, j] = Math.Min(edits[i, j], edits[i - 2, j - 2] + 1);
            }
        }

        return edits[from.Length, to.Length];
    }
}
