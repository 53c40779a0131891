using FopWatch.Providers;
using FopWatch.Settings;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Settings;

public class FopWatchSettingsTests
{
    internal static readonly Dictionary<string, string?> Right = new()
    {
        ["PublicUrl"] = "https://hooks.example.com",
        ["Sources"] = null,
        ["Sources:media:Provider"] = "Qiniu",
        ["Sources:media:NotifyTokens:0"] = "abcdefgh",
        ["Sources:media:NotifyTokens:1"] = "ijklmnop",
        ["Sources:media:Keys:AK"] = "SK",
        ["Sources:media:Poll:First"] = "00:00:30",
        ["Sources:files:Provider"] = "WangsuFmgr",
        ["Sources:files:StatusEndpoint"] = "https://mgr.example.com/base",
        ["Sources:files:NotifyTokens:0"] = "abcdefgh",
        ["Sources:files:Keys:0:AccessKey"] = "ak-1",
        ["Sources:files:Keys:0:SecretKey"] = "sk-1",
        ["Sources:files:Trust"] = "Token",
        ["Sources:files:Poll:Plan"] = "fixed",
        ["Sources:files:Poll:PerJob"] = "2.5",
    };

    [Fact]
    public void Valid_settings_are_read_and_the_rest_has_the_providers_defaults()
    {
        var settings = FopWatchSettings.Read(Right);

        var media = settings.Sources.Find("media")!;
        Assert.Equal(new Uri("https://api.qiniu.com"), media.StatusEndpoint);
        Assert.Equal(TrustRule.Signature, media.Trust);
        Assert.True(media.Tokens.Match("abcdefgh") && media.Tokens.Match("ijklmnop") && !media.Tokens.Match("abcdefgi") && !media.Tokens.Match(null));
        Assert.NotNull(media.Keys.Secret("AK"));
        Assert.Equal(TimeSpan.FromSeconds(30), media.Poll.First);
        Assert.Equal(TimeSpan.FromDays(9), media.Poll.Deadline);
        Assert.Equal((PlanChoice.Learned, null), (media.Poll.Plan, media.Poll.PerJob));

        var files = settings.Sources.Find("files")!;
        Assert.NotNull(files.Keys.Secret("ak-1"));
        Assert.Equal(TrustRule.Token, files.Trust);
        Assert.Equal(TimeSpan.FromMinutes(6), files.Poll.First);
        Assert.Equal((PlanChoice.Fixed, 2.5), (files.Poll.Plan, files.Poll.PerJob));
        Assert.Null(settings.Sources.Find("Media"));
    }

    [Fact]
    public void Every_wrong_setting_is_named_at_once_with_its_full_name()
    {
        var wrong = new Dictionary<string, string?>(Right)
        {
            ["PublicUrl"] = "hooks.example.com",
            ["MaxBodyBytes"] = "10",
            ["Sources:media:Provider"] = "Aliyun",
            ["Sources:media:NotifyTokens:1"] = "short",
            ["Sources:media:Trust"] = "Everyone",
            ["Sources:media:Poll:First"] = "120",
            ["Sources:media:Poll:Max"] = "24:00:00",
            ["Sources:media:Poll:Factor"] = "0.5",
            ["Sources:media:Poll:Frist"] = "00:01:00",
            ["Sources:media:Poll:Plan"] = "Clever",
            ["Sources:media:Poll:PerJob"] = "0",
            ["Sources:files:StatusEndpoint"] = null,
            ["Sources:files:Keys:0:SecretKey"] = null,
            ["Sources:a b:Provider"] = "Qiniu",
        };

        var problems = Assert.Throws<SettingsException>(() => FopWatchSettings.Read(wrong)).Problems;

        foreach (var name in (string[])[
            "FopWatch:PublicUrl ",
            "FopWatch:MaxBodyBytes ",
            "FopWatch:Sources:media:Provider ",
            "FopWatch:Sources:media:NotifyTokens:1 ",
            "FopWatch:Sources:media:Trust ",
            "FopWatch:Sources:media:Poll:First ",
            "FopWatch:Sources:media:Poll:Max ",
            "FopWatch:Sources:media:Poll:Factor ",
            "FopWatch:Sources:media:Poll:Frist ",
            "FopWatch:Sources:media:Poll:Plan ",
            "FopWatch:Sources:media:Poll:PerJob ",
            "FopWatch:Sources:files:StatusEndpoint ",
            "FopWatch:Sources:files:Keys:0:SecretKey ",
            "FopWatch:Sources:a b ",
            "FopWatch:Sources:a b:NotifyTokens ",
        ])
        {
            Assert.Contains(problems, problem => problem.StartsWith(name, StringComparison.Ordinal));
        }

        Assert.Equal(15, problems.Count);
        Assert.DoesNotContain(problems, problem => problem.Contains("short", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("90d", "90.00:00:00")]
    [InlineData("1.5h", "01:30:00")]
    [InlineData(" 90s ", "00:01:30")]
    [InlineData("2.00:00:00", "2.00:00:00")]
    public void A_time_is_read_in_every_form_with_a_unit(string text, string time) =>
        Assert.Equal(time, FopWatchSettings.Read([.. Right, new("Retention", text)]).Retention.ToString("c"));

    [Theory]
    [InlineData("Sources:media:Keys:AK")]
    [InlineData("Sources:files:Keys:0:SecretKey")]
    [InlineData("Sources:files:Keys:0:AccessKey")]
    [InlineData("Sources:media:NotifyTokens:1")]
    [InlineData("Sources:media:Trust")]
    [InlineData("Sources:files:StatusEndpoint")]
    [InlineData("Sources:media:Poll:First")]
    [InlineData("PublicUrl")]
    [InlineData("Retention")]
    [InlineData("ApiKey")]
    [InlineData("NotASetting")]
    public void An_unresolved_reference_to_a_secret_is_refused_and_named_wherever_it_is(string name)
    {
        foreach (var reference in (string[])[
            "@Microsoft.KeyVault(SecretUri=https://vault.vault.azure.net/secrets/sk/)",
            " @microsoft.keyvault(VaultName=vault;SecretName=sk) ",
            "@Microsoft.AppConfiguration(Endpoint=https://a.azconfig.io; Key=sk)",
        ])
        {
            var settings = new Dictionary<string, string?>(Right) { [name] = reference };

            var problem = Assert.Single(Assert.Throws<SettingsException>(() => ReadWith(settings, "ApiKey")).Problems);

            Assert.StartsWith($"FopWatch:{name} is a reference that was not resolved", problem, StringComparison.Ordinal);
            Assert.DoesNotContain("vault.azure.net", problem, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_secret_that_only_contains_a_reference_is_accepted()
    {
        var settings = new Dictionary<string, string?>(Right) { ["Sources:media:Keys:AK"] = "x@Microsoft.KeyVault(" };

        Assert.NotNull(FopWatchSettings.Read(settings).Sources.Find("media")!.Keys.Secret("AK"));
    }

    [Fact]
    public void The_workflow_endpoint_defaults_to_Qinius_own_and_is_not_a_setting_of_Wangsus()
    {
        Assert.Equal(new Uri("https://dora.qiniuapi.com"), FopWatchSettings.Read(Right).Sources.Find("media")!.WorkflowEndpoint);
        Assert.Null(FopWatchSettings.Read(Right).Sources.Find("files")!.WorkflowEndpoint);
        Assert.Equal(
            new Uri("https://workflows.example.com/base"),
            FopWatchSettings.Read([.. Right, new("Sources:media:WorkflowEndpoint", "https://workflows.example.com/base")]).Sources.Find("media")!.WorkflowEndpoint);

        Assert.StartsWith(
            "FopWatch:Sources:files:WorkflowEndpoint applies to Qiniu only",
            Assert.Single(Problems(new() { ["Sources:files:WorkflowEndpoint"] = "https://workflows.example.com" })),
            StringComparison.Ordinal);
        Assert.StartsWith(
            "FopWatch:Sources:media:WorkflowEndpoint is not an http or https URL",
            Assert.Single(Problems(new() { ["Sources:media:WorkflowEndpoint"] = "workflows.example.com" })),
            StringComparison.Ordinal);
    }

    internal static IReadOnlyList<string> Problems(Dictionary<string, string?> more) =>
        Assert.Throws<SettingsException>(() => FopWatchSettings.Read([.. Right, .. more])).Problems;

    /// <summary>Settings as read by a host with a setting of its own.</summary>
    private static FopWatchSettings ReadWith(Dictionary<string, string?> settings, string own) =>
        FopWatchSettings.Read(
            settings,
            (reader, shared) =>
            {
                reader.Text(own);
                return shared;
            });

    [Fact]
    public void A_host_reads_its_own_settings_with_the_valid_shared_ones_and_all_problems_are_reported_together()
    {
        Dictionary<string, string?> settings = new(Right) { ["Retention"] = "forever", ["Tables:Buckets"] = "0", ["Surces"] = "typo" };
        Uri? seen = null;

        var problems = Assert.Throws<SettingsException>(() => FopWatchSettings.Read(settings, Own)).Problems;

        Assert.Equal(new Uri("https://hooks.example.com"), seen);
        Assert.Equal(
            [
                "FopWatch:Retention is 'forever', not a time from 1m to 3650d, such as 90s, 1.5m or 00:01:30",
                "--data is empty",
                "FopWatch:Tables:Buckets is '0', not a whole number from 1 to 256",
                "FopWatch:Surces is not a setting of FopWatch; docs/settings.md lists them all. Did you mean FopWatch:Sources?",
            ],
            problems);

        double Own(SettingsReader reader, FopWatchSettings shared)
        {
            seen = shared.PublicUrl;
            reader.ProblemOutside("--data is empty");
            return reader.Number("Tables:Buckets", 16, 1, 256, whole: true);
        }
    }

    [Fact]
    public void A_source_or_an_access_key_spelled_in_two_ways_is_an_error_that_names_both()
    {
        IEnumerable<KeyValuePair<string, string?>> spelled =
            [.. Right, new("SOURCES:MEDIA:TRUST", "Token"), new("Sources:Media:Poll", null), new("Sources:files:Keys:0:SECRETKEY", "sk-2"), new("Sources:media:keys:ak", "SK")];

        var problems = Assert.Throws<SettingsException>(() => FopWatchSettings.Read(spelled)).Problems;

        Assert.Equal(2, problems.Count);
        Assert.StartsWith("FopWatch:Sources:media is also written 'MEDIA' and 'Media': ", problems[0], StringComparison.Ordinal);
        Assert.StartsWith("FopWatch:Sources:media:Keys:AK is also written 'ak': ", problems[1], StringComparison.Ordinal);
    }

    [Fact]
    public void All_other_names_are_case_insensitive_and_the_last_value_wins()
    {
        IEnumerable<KeyValuePair<string, string?>> spelled =
            [.. Right, new("SOURCES:media:TRUST", "Token"), new("publicurl", "https://other.example.com"), new("Sources:files:Keys:0:SECRETKEY", "sk-2")];

        var settings = FopWatchSettings.Read(spelled);

        Assert.Equal(["files", "media"], settings.Sources.All.Select(source => source.Name).Order());
        Assert.Equal(TrustRule.Token, settings.Sources.Find("media")!.Trust);
        Assert.Equal(new Uri("https://other.example.com"), settings.PublicUrl);
        Assert.Equal("sk-2"u8.ToArray(), settings.Sources.Find("files")!.Keys.Secret("ak-1"));
    }

    [Theory]
    [InlineData(null, 8 * 1024 * 1024)]
    [InlineData("65536", 8 * 1024 * 1024)]
    [InlineData("4194305", 8388610)]
    [InlineData("67108864", 128 * 1024 * 1024)]
    public void Answers_of_status_APIs_may_be_8_MiB_or_twice_as_long_as_notifications(string? maxBodyBytes, int longest) =>
        Assert.Equal(longest, FopWatchSettings.Read(new Dictionary<string, string?> { ["MaxBodyBytes"] = maxBodyBytes }).MaxAnswerBytes);

    [Fact]
    public void A_configuration_without_sources_is_valid() => Assert.Empty(FopWatchSettings.Read([]).Sources.All);

    [Fact]
    public void A_setting_of_the_hosts_own_is_known() =>
        Assert.Empty(ReadWith(new() { ["ApiKey"] = "x" }, "ApiKey").Sources.All);

    [Fact]
    public void Buckets_and_pipelines_are_lists_of_names()
    {
        var settings = FopWatchSettings.Read(new Dictionary<string, string?>(Right)
        {
            ["Sources:media:Buckets:0"] = "lessons",
            ["Sources:media:Buckets:1"] = " covers ",
            ["Sources:media:Pipelines:0"] = "1381556928.video",
        });

        Assert.True(settings.Sources.Find("media")!.Scope is { HasBuckets: true, HasPipelines: true });
        Assert.True(settings.Sources.Find("files")!.Scope is { HasBuckets: false, HasPipelines: false });

        var problems = Assert.Throws<SettingsException>(() => FopWatchSettings.Read(new Dictionary<string, string?>(Right)
        {
            ["Sources:media:Buckets"] = "lessons",
            ["Sources:media:Pipelines:0"] = "video, audio",
            ["Sources:media:Pipelines:1"] = "",
            ["Sources:files:Buckets:0"] = "lessons:in.mp4",
            ["Sources:files:Pipelines:0"] = "video",
        })).Problems;

        Assert.Equal(
            [
                "FopWatch:Sources:files:Buckets:0 is not the name of a bucket",
                "FopWatch:Sources:files:Pipelines applies to Qiniu only, but the provider is WangsuFmgr",
                "FopWatch:Sources:media:Buckets is a single value: it takes a list",
                "FopWatch:Sources:media:Pipelines:0 is not the name of a pipeline, such as 1381556928.video or video",
                "FopWatch:Sources:media:Pipelines:1 is empty",
            ],
            problems.Order(StringComparer.Ordinal));
    }
}
