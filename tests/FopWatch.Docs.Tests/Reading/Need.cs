using System.Net.Sockets;

namespace FopWatch.Docs.Tests;

/// <summary>A need of commands that some machines do not meet. The attribute <c>needs</c> of a block names it.</summary>
/// <param name="Name">The name used by blocks.</param>
/// <param name="IsMet">Whether this machine meets it.</param>
/// <param name="Otherwise">Why the commands are skipped otherwise.</param>
internal sealed record Need(string Name, Func<bool> IsMet, string Otherwise)
{
    private static readonly IReadOnlyList<Need> All =
    [
        new("Azure Functions Core Tools", () => IsOnPath("func"), "func is not on the PATH"),
        new("Azurite", () => IsListening(10000) && IsListening(10001) && IsListening(10002), "nothing listens on ports 10000 to 10002"),
        new("Node.js", () => IsOnPath("npm"), "npm is not on the PATH"),
        new("a container engine", () => false, "a test does not download images and leave containers running"),
        new("an Azure subscription", () => false, "a test does not deploy to Azure"),
        new("a Functions host and ten minutes", () => false,
            "FopWatch.Functions.Tests runs the same if FOPWATCH_FUNCTIONS_HOST is set"),
        new("the released packages", () => false, "a test installs nothing for good; FopWatch.Packages.Tests installs what it packs"),
        new("a system with systemd", () => false, "a test adds no service"),
        new("an idle hour", () => false, "mutation testing runs the tests thousands of times, and a load run measures the machine"),
    ];

    /// <summary>Why the commands of a block cannot run here; null if they can.</summary>
    /// <exception cref="FormatException">A need is unknown.</exception>
    public static string? ReasonToSkip(Block block)
    {
        if (!block.Attributes.TryGetValue(Block.Needs, out var names))
            return null;
        var unmet = names.Split(',', StringSplitOptions.TrimEntries).Select(name => Of(block, name)).Where(need => !need.IsMet()).ToList();
        return unmet.Count == 0 ? null : string.Join("; ", unmet.Select(need => $"needs {need.Name}: {need.Otherwise}"));
    }

    public static bool IsOnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, program)) || File.Exists(Path.Combine(folder, program + ".exe")));

    private static Need Of(Block block, string name) => All.FirstOrDefault(need => need.Name == name)
        ?? throw new FormatException($"{block.Place}: the need '{name}' is unknown; known needs are {string.Join(", ", All.Select(need => $"'{need.Name}'"))}");

    private static bool IsListening(int port)
    {
        try
        {
            using var client = new TcpClient("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
