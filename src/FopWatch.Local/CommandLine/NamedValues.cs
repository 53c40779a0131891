namespace FopWatch.Local.CommandLine;

/// <summary>Reads options of the form <c>NAME=VALUE</c>.</summary>
internal static class NamedValues
{
    /// <summary>Reads the pairs, each name once.</summary>
    /// <param name="option">The name of the option.</param>
    /// <param name="given">The values of the option.</param>
    /// <exception cref="UsageException">A value has another form, or a name occurs twice.</exception>
    public static Dictionary<string, string> Read(string option, IReadOnlyCollection<string> given)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in given)
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
                throw new UsageException($"{option}: '{pair}' is not of the form NAME=VALUE.");
            if (!values.TryAdd(pair[..equals], pair[(equals + 1)..]))
                throw new UsageException($"{option}: '{pair[..equals]}' is given twice.");
        }

        return values;
    }
}
