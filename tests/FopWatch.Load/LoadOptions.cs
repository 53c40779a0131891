using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace FopWatch.Load;

internal sealed record LoadOptions
{
    public const string Usage = """
        Options:
          --seconds N          seconds to measure each row (20)
          --warm-up N          seconds of the same load before the measurement (20)
          --connections A,B    numbers of connections (64,250)
          --only NAME          a measurement, may be repeated (all): bare-insert, bare-store, unknown, signed, settling, registering, events, start,
                               growth, due, and for the cloud host: cloud-intake, cloud-events, cloud-requests
          --open A,B           few and many open jobs, for growth (1000,1000000)
          --due N              jobs that are due at once (100000)
          --starts N           starts of a host for one row (7)
          --data DIR           the parent of the data folders (the folder for temporary files)
          --host FILE          a published fopwatch.dll (the one built with this program)
        """;

    public TimeSpan Seconds { get; init; } = TimeSpan.FromSeconds(20);

    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(20);

    public IReadOnlyList<int> Connections { get; init; } = [64, 250];

    public IReadOnlyList<string> Only { get; init; } = [];

    public IReadOnlyList<int> Open { get; init; } = [1000, 1_000_000];

    public int Due { get; init; } = 100_000;

    public int Starts { get; init; } = 7;

    public string DataParent { get; init; } = Path.GetTempPath();

    public string? Host { get; init; }

    public bool Wants(string name) => Only.Count == 0 || Only.Contains(name);

    public static bool TryParse(string[] args, out LoadOptions options, [NotNullWhen(false)] out string? wrong)
    {
        (options, wrong) = (new(), null);
        for (var i = 0; i < args.Length; i += 2)
        {
            if (i + 1 == args.Length)
            {
                wrong = $"{args[i]} is unknown or lacks its value.";
                return false;
            }

            var (name, value) = (args[i], args[i + 1]);
            try
            {
                options = name switch
                {
                    "--seconds" => options with { Seconds = Duration(value) },
                    "--warm-up" => options with { WarmUp = Duration(value) },
                    "--connections" => options with { Connections = Numbers(value) },
                    "--only" => options with { Only = [.. options.Only, LoadRun.Names.Concat(LoadRun.CloudNames).Contains(value) ? value : throw new FormatException()] },
                    "--open" => options with { Open = Numbers(value) is { Count: 2 } both ? both : throw new FormatException() },
                    "--due" => options with { Due = Numbers(value).Single() },
                    "--starts" => options with { Starts = Numbers(value).Single() },
                    "--data" => options with { DataParent = Path.GetFullPath(value) },
                    "--host" => options with { Host = Path.GetFullPath(value) },
                    _ => throw new FormatException(),
                };
            }
            catch (Exception e) when (e is FormatException or OverflowException or InvalidOperationException)
            {
                wrong = $"{name} {value} is not valid.";
                return false;
            }
        }

        return true;
    }

    private static TimeSpan Duration(string value) =>
        double.Parse(value, CultureInfo.InvariantCulture) is > 0 and <= 3600 and var seconds ? TimeSpan.FromSeconds(seconds) : throw new FormatException();

    private static IReadOnlyList<int> Numbers(string value) => [.. value.Split(',')
        .Select(one => int.Parse(one, CultureInfo.InvariantCulture) is > 0 and var number ? number : throw new FormatException())];
}
