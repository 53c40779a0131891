using System.Text.RegularExpressions;
using System.Xml.Linq;
using FopWatch.Local.CommandLine;
using FopWatch.Local.Hosting;

namespace FopWatch.Docs.Tests;

/// <summary>The page for operators: its systemd unit, its probes, and its variables.</summary>
public sealed partial class OperatingPageTests
{
    private const string Page = "docs/operating.md";

    private static readonly string Unit = Blocks("ini");

    private static readonly string Text = File.ReadAllText(Repository.PathOf(Page));

    /// <summary>systemd ignores unknown options and invalid values with a warning.</summary>
    [Fact]
    public async Task The_unit_has_no_option_that_systemd_does_not_know()
    {
        Assert.SkipUnless(Need.IsOnPath("systemd-analyze"), "systemd-analyze is not on the PATH.");
        using var folder = new TempFolder();
        var file = Path.Combine(folder.FullName, "fopwatch.service");
        await File.WriteAllTextAsync(file, Unit.Replace("/opt/fopwatch/fopwatch", "/bin/true", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        await using var run = new RunningCommand(new("systemd-analyze", ["verify", "--man=no", file])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        });

        var exit = await run.ExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal((0, "", ""), (exit, run.Output, run.Errors));
    }

    [Fact]
    public void The_unit_starts_the_host_with_existing_variables_and_exit_codes()
    {
        string[] variables = [PlaceOptions.UrlsVariable, PlaceOptions.DataVariable, PlaceOptions.ConfigVariable];

        Assert.Equal(["/opt/fopwatch/fopwatch serve"], Values("ExecStart"));
        Assert.All(Values("Environment"), one => Assert.Contains(one.Split('=')[0], variables));

        // The folder that systemd creates for the user is the data folder.
        Assert.Contains($"{PlaceOptions.DataVariable}=/var/lib/{Assert.Single(Values("StateDirectory"))}", Values("Environment"));
        Assert.Equal([$"{ExitCodes.Refused}"], Values("RestartPreventExitStatus"));

        // .NET writes the code that it executes.
        Assert.DoesNotContain("MemoryDenyWriteExecute=", Unit, StringComparison.Ordinal);
        Assert.InRange(int.Parse(Assert.Single(Values("LimitNOFILE")), null), OpenFiles.Wanted(sources: 16), int.MaxValue);
    }

    [Fact]
    public void The_probes_call_public_routes_at_the_port_of_the_image()
    {
        var probes = Probe().Matches(Blocks("yaml"));

        Assert.Equal(["/health/live", "/health/ready"], probes.Select(probe => probe.Groups["path"].Value));
        var project = XDocument.Load(Repository.PathOf("src/FopWatch.Local/FopWatch.Local.csproj"));
        var port = project.Descendants("ContainerPort").Single().Attribute("Include")!.Value;
        Assert.All(probes, probe => Assert.Equal(port, probe.Groups["port"].Value));
        Assert.Contains($"listens on port {port}", Text, StringComparison.Ordinal);
        Assert.Contains($"runs as user {project.Descendants("ContainerUser").Single().Value}", Text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_table_has_the_variables_of_each_option()
    {
        Assert.Contains($"| `--urls` | `{PlaceOptions.UrlsVariable}` | `{HostSettings.DefaultUrls}` |", Text, StringComparison.Ordinal);
        Assert.Contains($"| `--data` | `{PlaceOptions.DataVariable}` | `{HostSettings.DefaultData}` |", Text, StringComparison.Ordinal);
        Assert.Contains($"| `--config` | `{PlaceOptions.ConfigVariable}` | `./{SettingsFile.DefaultName}`, if it exists |", Text, StringComparison.Ordinal);
    }

    private static string Blocks(string language) =>
        Assert.Single(Markdown.BlocksOfRepository(), block => block.Document == Page && block.Language == language).Text;

    private static List<string> Values(string option) =>
        [.. Unit.Split('\n').Where(line => line.StartsWith(option + "=", StringComparison.Ordinal)).Select(line => line[(option.Length + 1)..])];

    [GeneratedRegex(@"path: (?<path>\S+), port: (?<port>\d+)")]
    private static partial Regex Probe();
}
