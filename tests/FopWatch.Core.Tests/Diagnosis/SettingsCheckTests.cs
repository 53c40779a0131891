using FopWatch.Diagnosis;
using FopWatch.Settings;

namespace FopWatch.Core.Tests.Diagnosis;

/// <summary>The settings about which the doctor warns.</summary>
public sealed class SettingsCheckTests
{
    private static readonly Dictionary<string, string?> Good = new()
    {
        ["PublicUrl"] = "https://hooks.lessons.test",
        ["Sources:media:Provider"] = "Qiniu",
        ["Sources:media:NotifyTokens:0"] = "0123456789abcdef0123456789abcdef",
        ["Sources:media:Keys:0:AccessKey"] = "ak",
        ["Sources:media:Keys:0:SecretKey"] = "sk-of-the-account",
    };

    [Fact]
    public async Task Good_settings_pass() => Assert.Equal(
        (DoctorLevel.Pass, "1 source is configured, and no setting is doubtful."), Of(Assert.Single(await FindingsAsync([]))));

    [Theory]
    [InlineData("Sources:media:Trust", "Token", DoctorLevel.Warning, "FopWatch:Sources:media:Trust is Token.")]
    [InlineData("PublicUrl", "http://hooks.lessons.test", DoctorLevel.Warning, "FopWatch:PublicUrl begins with http.")]
    [InlineData("PublicUrl", "https://hooks.lessons.test:8443", DoctorLevel.Info, "FopWatch:PublicUrl has the port 8443.")]
    [InlineData("PublicUrl", "https://Hooks.lessons.test", DoctorLevel.Info, "FopWatch:PublicUrl has a host with upper-case letters.")]
    [InlineData("PublicUrl", "https://课程.test", DoctorLevel.Info, "FopWatch:PublicUrl has a host with letters beyond ASCII.")]
    [InlineData("PublicUrl", "https://hooks.lessons.test/api/notify/media", DoctorLevel.Warning, "FopWatch:PublicUrl has the path of a notify URL, or an empty segment. FopWatch appends /api/notify/SOURCE/TOKEN itself.")]
    [InlineData("PublicUrl", null, DoctorLevel.Info, "FopWatch:PublicUrl is not set, so signatures are verified against the URL of each request.")]
    [InlineData("Sources:media:NotifyTokens:0", "12345678", DoctorLevel.Info, "FopWatch:Sources:media:NotifyTokens has a token of 8 characters.")]
    [InlineData("Sources:media:StatusEndpoint", "http://api.qiniu.com", DoctorLevel.Warning, "FopWatch:Sources:media:StatusEndpoint begins with http.")]
    [InlineData("Sources:media:Poll:PerSecond", "0.05", DoctorLevel.Warning, "FopWatch:Sources:media:Poll:PerSecond allows one poll in 20 s.")]
    [InlineData("Sources:media:Poll:PerSecond", "500", DoctorLevel.Info, "FopWatch:Sources:media:Poll:PerSecond allows 500 polls a second.")]
    [InlineData("Sources:media:Poll:First", "02:00:00", DoctorLevel.Info, "FopWatch:Sources:media:Poll:First is 02:00:00.")]
    [InlineData("Sources:media:Poll:Deadline", "12.00:00:00", DoctorLevel.Info, "FopWatch:Sources:media:Poll:Deadline is 12.00:00:00.")]
    [InlineData("PublicUrl", "http://127.0.0.1:7071", DoctorLevel.Warning, "No provider can reach the notify URLs: they begin with http://127.0.0.1:7071, which is this machine's own address.")]
    public async Task A_doubtful_setting_is_named(string name, string? value, DoctorLevel level, string what)
    {
        var finding = Assert.Single(await FindingsAsync(new() { [name] = value }));

        Assert.Equal((level, what), Of(finding));
        Assert.NotNull(finding.Fix);
    }

    [Fact]
    public async Task A_short_token_that_settles_jobs_is_a_warning()
    {
        var findings = await FindingsAsync(new() { ["Sources:media:Trust"] = "Token", ["Sources:media:NotifyTokens:0"] = "12345678" });

        Assert.Equal([DoctorLevel.Warning, DoctorLevel.Warning], findings.Select(finding => finding.Level));
    }

    [Fact]
    public async Task A_source_without_keys_is_reported_and_a_warning_if_anyone_can_publish_others_jobs()
    {
        var settings = new Dictionary<string, string?> { ["Sources:media:Keys:0:AccessKey"] = null, ["Sources:media:Keys:0:SecretKey"] = null };

        Assert.Equal([DoctorLevel.Warning, DoctorLevel.Info], (await FindingsAsync(settings)).Select(finding => finding.Level));
        settings["Sources:media:Buckets:0"] = "course-video";
        Assert.Equal([DoctorLevel.Info], (await FindingsAsync(settings)).Select(finding => finding.Level));
    }

    [Fact]
    public async Task Tokens_shared_by_sources_are_reported_without_the_token()
    {
        var settings = Good.Where(setting => setting.Key.StartsWith("Sources:media:", StringComparison.Ordinal))
            .ToDictionary(setting => setting.Key.Replace(":media:", ":video:", StringComparison.Ordinal), setting => setting.Value);

        var finding = Assert.Single(await FindingsAsync(settings));

        Assert.Equal(
            (DoctorLevel.Info, "FopWatch:Sources:media:NotifyTokens and FopWatch:Sources:video:NotifyTokens have a token in common."), Of(finding));
    }

    [Fact]
    public async Task A_configuration_without_sources_is_a_warning() => Assert.Equal(
        (DoctorLevel.Warning, "No source is configured."),
        Of(Assert.Single(await new SettingsCheck(FopWatchSettings.Read([])).Steps.Single().RunAsync(CancellationToken.None))));

    private static (DoctorLevel Level, string What) Of(DoctorFinding finding) => (finding.Level, finding.What.ToString());

    private static Task<IReadOnlyList<DoctorFinding>> FindingsAsync(Dictionary<string, string?> changed)
    {
        var settings = new Dictionary<string, string?>(Good);
        foreach (var (name, value) in changed)
            settings[name] = value;
        foreach (var missing in settings.Where(setting => setting.Value is null).Select(setting => setting.Key).ToList())
            settings.Remove(missing);
        return new SettingsCheck(FopWatchSettings.Read(settings)).Steps.Single().RunAsync(TestContext.Current.CancellationToken);
    }
}
