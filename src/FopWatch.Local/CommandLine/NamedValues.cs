namespace FopWatch.Local.CommandLine;

/// <summary>Options that give names values.</summary>
internal static class NamedValues
{
    /// <summary>Reads <c>NAME=VALUE</c>, each name once.</summary>
    /// <param name="option">The name of the option.</param>
    /// <param name="given">What was given.</param>
    /// <exception cref="UsageException">One is not of that form, or a name comes twice.</exception>
    public static Dictionary<string, string> Read(string option, IReadOnlyCollection<string> given)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in given)
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
                throw new UsageException($"{option}: '{pair}' is not NAME=VALUE.");
            if (!values.TryAdd(pair[..equals], pair[(equals + 1)..]))
                throw new UsageException($"{option}: '{pair[..equals]}' is given twice.");
        }

        return values;
    }
}
