using System.Globalization;

namespace FopWatch.Local.Hosting;

/// <summary>
/// How many connections the process accepts and opens at once, so that file descriptors remain for the store, the polls and the assemblies
/// that are still to be loaded. Without a free descriptor, SQLite cannot open a file, a poll cannot connect, and the runtime ends the
/// process.
/// </summary>
/// <param name="Connections">The most connections of clients.</param>
/// <param name="PollConnections">The most connections to the status API of each source.</param>
/// <param name="Limit">The most descriptors of the process; null if there is no limit or it is unknown.</param>
internal sealed record OpenFiles(int Connections, int PollConnections, int? Limit)
{
    /// <summary>The fewest connections with which a host is useful.</summary>
    public const int FewestConnections = 32;

    /// <summary>
    /// Descriptors for everything but connections: the assemblies of the runtime and the host, the database with all its connections, and
    /// the log. 270 were measured under load.
    /// </summary>
    public const int Reserve = 384;

    /// <summary>The most connections of clients at any limit.</summary>
    private const int MostConnections = LocalHost.MaxConnections;

    /// <summary>How many descriptors allow the most connections, for a number of sources.</summary>
    public static int Wanted(int sources) => Reserve + MostConnections + (sources * Providers.StatusClient.MostConnections);

    /// <summary>Whether the polls of so many sources could take all that is left, since there are more than at the start.</summary>
    public bool AreTooFewFor(int sources) => Limit is { } most && Reserve + Connections + (sources * PollConnections) > most;

    /// <summary>Allocates the descriptors of this process.</summary>
    /// <param name="sources">How many sources are polled.</param>
    /// <exception cref="TooFewDescriptorsException">There are too few.</exception>
    public static OpenFiles OfThisProcess(int sources) => Share(LimitOfThisProcess(), sources);

    /// <summary>Allocates descriptors. After the reserve, polls get a quarter and clients the rest.</summary>
    /// <param name="limit">The limit of open descriptors; null for none.</param>
    /// <param name="sources">How many sources are polled.</param>
    /// <exception cref="TooFewDescriptorsException">There are too few.</exception>
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

    // The runtime has already raised the soft limit to the hard limit.
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

/// <summary>The process can open too few files. The message is for the operator.</summary>
internal sealed class TooFewDescriptorsException(int limit, int needed)
    : Exception(string.Create(
        CultureInfo.InvariantCulture,
        $"This process can open {limit} files (RLIMIT_NOFILE), but FopWatch needs {needed}. Raise the limit, for example with 'ulimit -n 4096'."));
