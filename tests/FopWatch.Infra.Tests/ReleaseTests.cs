using System.Diagnostics;
using System.Text.RegularExpressions;

namespace FopWatch.Infra.Tests;

/// <summary>The release workflow, and rules for every workflow.</summary>
public sealed class ReleaseTests
{
    private const string Release = ".github/workflows/release.yml";

    private static readonly string Workflow = Repository.Text(Release);

    public static TheoryData<string> Workflows =>
        [.. Directory.EnumerateFiles(Repository.PathOf(".github/workflows"), "*.yml").Select(path => $".github/workflows/{Path.GetFileName(path)}").Order(StringComparer.Ordinal)];

    /// <summary>A tag can be moved to other code; a commit cannot.</summary>
    [Theory]
    [MemberData(nameof(Workflows))]
    public void Every_action_is_pinned_to_a_commit_with_its_version_in_a_comment(string workflow)
    {
        var uses = Repository.Find(Repository.Text(workflow), "uses: (.*)").ToList();

        Assert.NotEmpty(uses);
        Assert.All(uses, one => Assert.Matches(@"^[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", one));
    }

    /// <summary>The same action is the same code in every workflow.</summary>
    [Fact]
    public void An_action_has_one_version()
    {
        var uses = Workflows.SelectMany(row => Repository.Find(Repository.Text(row.Data), "uses: (.*)")).Distinct().ToList();

        Assert.Equal(uses.Count, uses.Select(one => one.Split('@')[0]).Distinct().Count());
    }

    [Fact]
    public void Only_the_publishing_job_has_the_permissions_to_publish()
    {
        Assert.Equal(["contents: read"], Permissions(Workflow[..Workflow.IndexOf("\njobs:\n", StringComparison.Ordinal)], 0));
        Assert.Empty(Permissions(Job("packages"), 4));
        Assert.Equal(["attestations: write", "contents: read", "id-token: write"], Permissions(Job("nuget"), 4));
        Assert.Equal(["artifact-metadata: write", "attestations: write", "contents: read", "id-token: write", "packages: write"], Permissions(Job("image"), 4));
        Assert.Equal(["contents: write"], Permissions(Job("release"), 4));

        // nuget.org and the registry trust the workflow; no secret is stored.
        Assert.DoesNotContain("secrets.", Workflow, StringComparison.Ordinal);
    }

    [Fact]
    public void The_release_is_tested_before_packing_and_publishes_the_packed_files()
    {
        Assert.Equal(["Notes", "Build and test", "Pack"], Repository.Find(Job("packages"), "- name: (.*)"));
        Assert.Contains("\n    needs: packages\n", Job("nuget"), StringComparison.Ordinal);
        Assert.Contains("\n    needs: packages\n", Job("image"), StringComparison.Ordinal);
        Assert.Contains("\n    needs: [nuget, image]\n", Job("release"), StringComparison.Ordinal);
        Assert.DoesNotContain("actions/checkout", Job("nuget") + Job("release"), StringComparison.Ordinal);
        Assert.All(
            [Job("packages"), Job("image")],
            job => Assert.Matches(@"actions/checkout@[^\n]*\n(?: {8,}[^\n]*\n)* {10}fetch-depth: 0\n", job));
    }

    [Fact]
    public void The_release_packs_every_packable_project()
    {
        var packed = Directory.EnumerateFiles(Repository.PathOf("src"), "*.csproj", SearchOption.AllDirectories)
            .Where(project => File.ReadAllText(project).Contains("<IsPackable>true</IsPackable>", StringComparison.Ordinal))
            .Select(project => Path.GetFileNameWithoutExtension(project))
            .Order(StringComparer.Ordinal);

        var named = Assert.Single(Repository.Find(Workflow, "for project in ([^;]*);")).Split(' ');

        Assert.Equal(packed, named.Order(StringComparer.Ordinal));
        Assert.Contains($"| wc -l)\" = {named.Length}\n", Workflow, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v1.2.0", "### Added\n\n- One.\n\n")]
    [InlineData("v1.2.0-rc.1", "- Not yet.\n\n")]
    [InlineData("v1.1.9", "- Old.\n")]
    public async Task The_release_notes_are_the_section_of_the_version(string tag, string expected)
    {
        var (exit, notes, output) = await NotesAsync(tag);

        Assert.True(exit == 0, output);
        Assert.Equal(expected, notes);
    }

    [Fact]
    public async Task A_version_without_a_section_is_not_released()
    {
        var (exit, _, output) = await NotesAsync("v1.3.0");

        Assert.Equal(1, exit);
        Assert.Contains("::error file=CHANGELOG.md::There is no section [1.3.0].", output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_changelog_has_a_section_for_unreleased_changes() =>
        Assert.Contains("\n## [Unreleased]\n", Repository.Text("CHANGELOG.md"), StringComparison.Ordinal);

    /// <summary>Runs the step next to a changelog, as the runner does.</summary>
    private static async Task<(int Exit, string Notes, string Output)> NotesAsync(string tag)
    {
        Assert.SkipUnless(File.Exists("/bin/bash"), "/bin/bash does not exist.");
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(
            Path.Combine(folder.FullName, "CHANGELOG.md"),
            "# Changelog\n\n## [Unreleased]\n\n- New.\n\n## [1.2.0] - 2026-02-01\n\n### Added\n\n- One.\n\n## [1.2.0-rc.1] - 2026-01-31\n\n- Not yet.\n\n"
            + "## [1.1.9] - 2026-01-01\n\n- Old.\n[1.1.9]: https://example.com\n",
            TestContext.Current.CancellationToken);
        var step = Regex.Match(Job("packages"), @"- name: Notes\n.*?run: \|\n(?<script>(?: {10}[^\n]*\n)+)", RegexOptions.Singleline).Groups["script"].Value;
        using var process = Process.Start(new ProcessStartInfo("/bin/bash", ["-e", "-c", Regex.Replace(step, "(?m)^ {10}", "")])
        {
            WorkingDirectory = folder.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["GITHUB_REF_NAME"] = tag, ["RUNNER_TEMP"] = folder.FullName },
        })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await File.ReadAllTextAsync(Path.Combine(folder.FullName, "release", "notes.md"), TestContext.Current.CancellationToken), await output + await error);
    }

    private static string Job(string name)
    {
        var jobs = Workflow[Workflow.IndexOf("\njobs:\n", StringComparison.Ordinal)..];
        var job = jobs[jobs.IndexOf($"\n  {name}:\n", StringComparison.Ordinal)..];
        var next = Regex.Match(job[1..], @"\n  \w[\w-]*:\n");
        return next.Success ? job[..(next.Index + 2)] : job;
    }

    private static IEnumerable<string> Permissions(string part, int indent)
    {
        var blank = new string(' ', indent);
        var block = Regex.Match(part, $@"\n{blank}permissions:\n(?<lines>(?:{blank}  [^\n]*\n)+)");
        return block.Groups["lines"].Value.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(line => !line.StartsWith('#'));
    }
}
