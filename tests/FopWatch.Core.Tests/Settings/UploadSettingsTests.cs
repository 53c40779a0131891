using FopWatch.Providers;
using FopWatch.Settings;

namespace FopWatch.Core.Tests.Settings;

public sealed class UploadSettingsTests
{
    [Fact]
    public void The_id_is_in_the_field_of_the_providers_variable_unless_the_source_says_otherwise()
    {
        Assert.Equal("persistentId", Read([]).UploadIdField);
        Assert.Equal("upload.job:id_1-a", Read(new() { ["UploadCallback:IdField"] = " upload.job:id_1-a " }).UploadIdField);
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("a&b")]
    [InlineData("é")]
    [InlineData("01234567890123456789012345678901234567890123456789012345678901234")]
    public void An_invalid_field_name_is_a_problem(string field) => Assert.StartsWith(
        "FopWatch:Sources:media:UploadCallback:IdField is not the name of a field", Problem(new() { ["UploadCallback:IdField"] = field }), StringComparison.Ordinal);

    [Theory]
    [InlineData("UploadCallback:Id", "FopWatch:Sources:media:UploadCallback:Id is not a setting of FopWatch")]
    [InlineData("UploadCallback", "FopWatch:Sources:media:UploadCallback is a single value")]
    public void An_unknown_setting_is_a_problem(string name, string problem) =>
        Assert.StartsWith(problem, Problem(new() { [name] = "persistentId" }), StringComparison.Ordinal);

    [Fact]
    public void Wangsu_has_no_upload_callbacks() => Assert.Equal(
        "FopWatch:Sources:media:UploadCallback applies to Qiniu only, but the provider is WangsuFops",
        Problem(new() { ["Provider"] = "WangsuFops", ["StatusEndpoint"] = "https://mgr.example.com", ["UploadCallback:IdField"] = "persistentId" }));

    private static Source Read(Dictionary<string, string?> settings) => FopWatchSettings.Read(Whole(settings)).Sources.Find("media")!;

    private static string Problem(Dictionary<string, string?> settings) =>
        Assert.Single(Assert.Throws<SettingsException>(() => FopWatchSettings.Read(Whole(settings))).Problems);

    private static IEnumerable<KeyValuePair<string, string?>> Whole(Dictionary<string, string?> settings) =>
        new Dictionary<string, string?> { ["Provider"] = "Qiniu", ["NotifyTokens:0"] = "right-token" }
            .Concat(settings)
            .Select(setting => KeyValuePair.Create($"Sources:media:{setting.Key}", setting.Value));
}
