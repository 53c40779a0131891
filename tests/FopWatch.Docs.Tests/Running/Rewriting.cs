using System.Globalization;
using System.Text.RegularExpressions;

namespace FopWatch.Docs.Tests;

/// <summary>
/// Changes to a command before it runs: the address of the documents' host, whose port may be in use here, and generated values
/// in an earlier output of the documents, such as a quarantine key.
/// </summary>
internal sealed partial class Rewriting(int port)
{
    private readonly SortedDictionary<string, string> _learned = new(StringComparer.Ordinal);

    public IDictionary<string, string> Learned => _learned;

    /// <summary>The address that replaces the documents' host.</summary>
    public Uri Host { get; } = new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));

    public string Of(string command)
    {
        foreach (var (shown, real) in _learned)
            command = command.Replace(shown, real, StringComparison.Ordinal);
        command = Address().Replace(command, Host.Authority);

        // These take the address as an option, and default to the documents' address.
        var local = EmbeddedHost().Match(command);
        if (local.Success && local.Groups["command"].Value is "" or "serve")
            command += (local.Groups["arguments"].Success ? "" : " --") + $" --urls {Host.GetLeftPart(UriPartial.Authority)}";
        else if (local.Groups["command"].Value is "track" or "watch" && !command.Contains("--url ", StringComparison.Ordinal))
            command += $" --url {Host.GetLeftPart(UriPartial.Authority)}";
        else if (CloudHost().IsMatch(command))
            command += string.Create(CultureInfo.InvariantCulture, $"{(command.Contains("func start", StringComparison.Ordinal) ? "" : " --")} --port {port}");
        return command;
    }

    [GeneratedRegex(@"\b(127\.0\.0\.1|localhost):7071\b")]
    private static partial Regex Address();

    [GeneratedRegex(@"^dotnet run --project src/FopWatch\.Local(?<arguments> -- *(?<command>[a-z]*).*)?$")]
    private static partial Regex EmbeddedHost();

    [GeneratedRegex(@"^dotnet run --project src/FopWatch\.Functions$|\bfunc start$")]
    private static partial Regex CloudHost();
}
