using System.Text.Json;
using FopWatch.Local.Hosting;
using FopWatch.Settings;
using Microsoft.Data.Sqlite;

namespace FopWatch.Docs.Tests;

/// <summary>The blocks of the documents, except commands.</summary>
public sealed class DocumentedBlocksTests
{
    /// <summary>The languages that a test here or <see cref="DocumentedCommandsTests"/> checks. FopWatch.Infra.Tests compiles Bicep and checks the metrics of Kusto, FopWatch.Hostile.Tests runs nginx and Caddy, FopWatch.Client.Tests runs the clients of docs/clients.md, <see cref="WebhookReceiverTests"/> runs receivers, and <see cref="OperatingPageTests"/> checks systemd units and probes.</summary>
    private static readonly string[] Tested = ["sh", "console", "json", "csharp", "sql", "bicep", "kusto", "mermaid", "nginx", "caddyfile", "ini", "yaml", "python", "js", "bash", "java", "go", "php", ""];

    public static IEnumerable<TheoryDataRow<object>> Of(string language) => Markdown.BlocksOfRepository()
        .Where(block => block.Language == language)
        .Select(block => new TheoryDataRow<object>(block) { Label = block.Place });

    public static IEnumerable<TheoryDataRow<object>> Scripts() => [.. Of("sh"), .. Of("console")];

    [Fact]
    public void Every_block_is_in_a_tested_language()
    {
        var blocks = Markdown.BlocksOfRepository();

        Assert.NotEmpty(blocks);
        Assert.DoesNotContain(blocks, block => !Tested.Contains(block.Language, StringComparer.Ordinal));
    }

    /// <summary>Commands that cannot run here are at least parsed by a shell.</summary>
    [Theory]
    [MemberData(nameof(Scripts), DisableDiscoveryEnumeration = true)]
    public async Task Commands_are_valid_shell(object block)
    {
        Assert.SkipUnless(Need.IsOnPath("bash"), "bash is not installed.");
        foreach (var step in Step.Of((Block)block))
        {
            await using var check = new RunningCommand(new("bash", ["-n", "-c", step.Command])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            });
            var exit = await check.ExitAsync(TestContext.Current.CancellationToken);
            Assert.True(exit == 0, $"{step.Place}: {check.Errors}");
        }
    }

    [Theory]
    [MemberData(nameof(Of), "json", DisableDiscoveryEnumeration = true)]
    public void JSON_is_valid(object block)
    {
        var shown = (Block)block;
        try
        {
            JsonDocument.Parse(shown.Text).Dispose();
        }
        catch (JsonException e)
        {
            Assert.Fail($"{shown.Document}:{shown.Line + 1 + e.LineNumber}: {e.Message}");
        }
    }

    [Fact]
    public void The_settings_of_the_README_give_its_sources()
    {
        var settings = HostSettings.Read(
            Settings.Configuration(Settings.Filled(Settings.OfReadme.Text)), HostSettings.DefaultUrls, HostSettings.DefaultData);

        Assert.Equal(["media", "vod"], settings.Shared.Sources.All.Select(source => source.Name).Order(StringComparer.Ordinal));
        Assert.All(settings.Shared.Sources.All, source => Assert.False(source.Keys.IsEmpty));
    }

    [Fact]
    public void The_settings_of_the_README_are_refused_while_they_have_placeholders()
    {
        var refused = Assert.Throws<SettingsException>(() => HostSettings.Read(
            Settings.Configuration(Settings.OfReadme.Text), HostSettings.DefaultUrls, HostSettings.DefaultData));

        Assert.Contains(refused.Problems, problem => problem.Contains("<access key>", StringComparison.Ordinal));
        Assert.Contains(refused.Problems, problem => problem.Contains("FopWatch:Sources:vod", StringComparison.Ordinal));
    }

    /// <summary>FopWatch.Client.Tests compiles and runs the samples of the client.</summary>
    public static IEnumerable<TheoryDataRow<object>> CSharp() =>
        Of("csharp").Where(row => ((Block)row.Data).Document is not ("src/FopWatch.Client/README.md" or "docs/clients.md"));

    [Theory]
    [MemberData(nameof(CSharp), DisableDiscoveryEnumeration = true)]
    public async Task CSharp_compiles(object block)
    {
        var shown = (Block)block;
        var errors = await CompiledSample.ErrorsAsync(shown.Text, TestContext.Current.CancellationToken);
        Assert.True(errors.Length == 0, $"{shown.Place}:\n{errors}");
    }

    /// <summary>The statement that keeps the latest record of a job, on a table derived from its columns.</summary>
    [Theory]
    [MemberData(nameof(Of), "sql", DisableDiscoveryEnumeration = true)]
    public void SQL_keeps_the_latest_record(object block)
    {
        using var database = new SqliteConnection("Data Source=:memory:");
        database.Open();
        using var command = database.CreateCommand();
        command.CommandText = "CREATE TABLE jobs (source TEXT, id TEXT, registered INTEGER, version INTEGER, state TEXT, PRIMARY KEY (source, id))";
        command.ExecuteNonQuery();
        command.CommandText = ((Block)block).Text;

        Assert.Equal(1, Save(10, 2, "processing"));
        Assert.Equal(0, Save(10, 2, "processing"));
        Assert.Equal(0, Save(10, 1, "waiting"));
        Assert.Equal(1, Save(10, 3, "succeeded"));
        Assert.Equal(1, Save(11, 1, "failed"));
        Assert.Equal(0, Save(10, 4, "succeeded"));
        command.CommandText = "SELECT version || state FROM jobs";
        Assert.Equal("1failed", command.ExecuteScalar());

        int Save(int registered, int version, string state)
        {
            command.Parameters.Clear();
            command.Parameters.AddWithValue("@source", "media");
            command.Parameters.AddWithValue("@id", "z0.a");
            command.Parameters.AddWithValue("@registered", registered);
            command.Parameters.AddWithValue("@version", version);
            command.Parameters.AddWithValue("@state", state);
            return command.ExecuteNonQuery();
        }
    }

    [Theory]
    [MemberData(nameof(Of), "mermaid", DisableDiscoveryEnumeration = true)]
    public void A_diagram_is_a_flowchart(object block) =>
        Assert.StartsWith("flowchart ", ((Block)block).Text, StringComparison.Ordinal);

    /// <summary>A block without a language lists paths with their purposes.</summary>
    [Theory]
    [MemberData(nameof(Of), "", DisableDiscoveryEnumeration = true)]
    public void A_layout_lists_existing_paths(object block)
    {
        var shown = (Block)block;
        var paths = shown.Lines.Where(line => line.Trim().Length > 0).Select(line => line.Split(' ')[0]).ToList();

        Assert.All(paths, path => Assert.True(Path.Exists(Repository.PathOf(path)), $"{shown.Place}: there is no {path}"));
        Assert.All(
            Directory.EnumerateDirectories(Repository.PathOf("src")).Where(folder => Directory.EnumerateFiles(folder, "*.csproj").Any()),
            folder => Assert.Contains($"src/{Path.GetFileName(folder)}/", paths));
    }
}
