using System.Globalization;

namespace FopWatch.Local.Hosting;

/// <summary>
/// How many connections the process takes and makes at once, so that its descriptors suffice for the store, the polls and the code that the runtime has
/// yet to load: without one, SQLite opens no file, a poll makes no connection, and the runtime ends the process.
/// </summary>
/// <param name="Connections">The most connections of clients.</param>
/// <param name="PollConnections">The most connections to the status API of each source.</param>
/// <param name="Limit">The most descriptors of the process; null if that is not known, or there is no limit.</param>
internal sealed record OpenFiles(int Connections, int PollConnections, int? Limit)
{
    /// <summary>The fewest connections that a host is of use with.</summary>
    public const int FewestConnections = 32;

    /// <summary>
    /// What the process opens besides connections: the runtime's and the host's assemblies, the database with all its connections, and the log. 270
    /// were measured under load.
    /// </summary>
    public const int Reserve = 384;

    /// <summary>The most connections of clients that are ever taken at once.</summary>
    private const int MostConnections = LocalHost.MaxConnections;

    /// <summary>How many descriptors would take no connection away, for a number of sources.</summary>
    public static int Wanted(int sources) => Reserve + MostConnections + (sources * Providers.StatusClient.MostConnections);

    /// <summary>Shares out the descriptors of this process.</summary>
    /// <param name="sources">How many sources are polled.</param>
    /// <exception cref="TooFewDescriptorsException">They do not suffice.</exception>
    public static OpenFiles OfThisProcess(int sources) => Share(LimitOfThisProcess(), sources);

    /// <summary>Shares out descriptors: a quarter of what the reserve leaves to polls, the rest to clients.</summary>
    /// <param name="limit">The most that may be open; null for no limit.</param>
    /// <param name="sources">How many sources are polled.</param>
    /// <exception cref="TooFewDescriptorsException">They do not suffice.</exception>
    public static OpenFiles Share(int? limit, int sources)
    {
        if (limit is not { } most)
            return new(MostConnections, Providers.StatusClient.MostConnections, null);

        var left = most - Reserve;
        var perSource = Math.Clamp(left / 4 / Math.Max(sources, 1), 1, Providers.StatusClient.MostConnections);
        var connections = Math.Min(left - (perSource * sources), MostConnections);
        return connections >= FewestConnections
            ? new(connections, perSource, limit)
            : throw new TooFewDescriptorsException(most, Reserve + (FewestConnections * 4 / 3) + (2 * sources));
    }

    // The runtime has raised the soft limit to the hard one by now.
    private static int? LimitOfThisProcess()
    {
        const string Limits = "/proc/self/limits";
        const string Files = "Max open files";
        if (!OperatingSystem.IsLinux() || !File.Exists(Limits))
            return null;
        var line = File.ReadLines(Limits).FirstOrDefault(line => line.StartsWith(Files, StringComparison.Ordinal));
        var soft = line?[Files.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return int.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : null;
    }
}

/// <summary>The process may open too few files. The message is for the operator.</summary>
internal sealed class TooFewDescriptorsException(int limit, int needed)
    : Exception(string.Create(
        CultureInfo.InvariantCulture,
        $"This process may open {limit} files (RLIMIT_NOFILE), and FopWatch needs {needed}. Raise the limit, for example with 'ulimit -n 4096'."));
