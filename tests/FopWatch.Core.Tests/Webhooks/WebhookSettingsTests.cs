using FopWatch.Contracts;
using FopWatch.Settings;
using FopWatch.Webhooks;

namespace FopWatch.Core.Tests.Webhooks;

/// <summary><c>FopWatch:Webhooks</c>.</summary>
public sealed class WebhookSettingsTests
{
    private const string Url = "https://app.example.com/fopwatch";

    private static readonly string Secret = SecretOf(1);

    [Fact]
    public void A_webhook_needs_a_URL_and_a_secret_and_sends_everything()
    {
        var webhook = Assert.Single(Read(new() { ["Url"] = Url, ["Secret"] = Secret }));

        Assert.Equal(("crm", new Uri(Url), false), (webhook.Name, webhook.Url, webhook.AllowPrivate));
        Assert.Equal([WebhookSecret.TryParse(Secret)!], webhook.Secrets);
        Assert.Empty(webhook.Types);
        Assert.Empty(webhook.Sources);
        Assert.Empty(webhook.States);
    }

    [Fact]
    public void Events_can_be_filtered_and_two_secrets_are_valid_during_a_rotation()
    {
        var webhook = Assert.Single(Read(new()
        {
            ["Url"] = "http://10.0.0.5:8080/hook?tenant=a&b",
            ["Secret"] = $"  {Secret}   {SecretOf(2)} ",
            ["AllowPrivate"] = "True",
            ["Types:0"] = "fopwatch.job.settled",
            ["Sources:0"] = "media",
            ["States:0"] = "failed",
            ["States:1"] = "partiallyFailed",
        }));

        Assert.Equal([WebhookSecret.TryParse(Secret)!, WebhookSecret.TryParse(SecretOf(2))!], webhook.Secrets);
        Assert.Equal(["fopwatch.job.settled"], webhook.Types);
        Assert.Equal(["media"], webhook.Sources);
        Assert.Equal([JobState.Failed, JobState.PartiallyFailed], webhook.States);
        Assert.Equal("http://10.0.0.5:8080/hook?tenant=***&***", webhook.ShownUrl);
    }

    [Fact]
    public void Webhooks_are_equal_if_their_settings_are()
    {
        var settings = new Dictionary<string, string?> { ["Url"] = Url, ["Secret"] = Secret, ["States:0"] = "failed" };

        Assert.Equal(Read(settings)[0], Read(settings)[0]);
        Assert.NotEqual(Read(settings)[0], Read(new(settings) { ["States:0"] = "expired" })[0]);
        Assert.NotEqual(Read(settings)[0], Read(new(settings) { ["Secret"] = SecretOf(2) })[0]);
    }

    [Theory]
    [InlineData("Url", null, "Url is missing")]
    [InlineData("Url", "", "Url is empty")]
    [InlineData("Url", "app.example.com", "Url is not an https URL")]
    [InlineData("Url", "ftp://app.example.com/", "Url is not an https URL")]
    [InlineData("Url", "http://app.example.com/", "Url begins with http")]
    [InlineData("Url", "https://user:secret@app.example.com/", "Url has a user")]
    [InlineData("Url", "https://@app.example.com/", "Url has a user")]
    [InlineData("Url", "https://app.example.com/#top", "Url has a fragment")]
    [InlineData("Url", "https://localhost/", "Url is not a public address")]
    [InlineData("Url", "https://127.0.0.1/", "Url is not a public address")]
    [InlineData("Url", "https://0x7f.1/", "Url is not a public address")]
    [InlineData("Url", "https://2130706433/", "Url is not a public address")]
    [InlineData("Url", "https://017700000001/", "Url is not a public address")]
    [InlineData("Url", "https://[::ffff:169.254.169.254]/", "Url is not a public address")]
    [InlineData("Url", "https://[fd00:ec2::254]/", "Url is not a public address")]
    [InlineData("Secret", null, "Secret is missing")]
    [InlineData("Secret", "whsec_short", "Secret is not 'whsec_'")]
    [InlineData("Secret", "another", "Secret is not 'whsec_'")]
    [InlineData("AllowPrivate", "maybe", "AllowPrivate is 'maybe'")]
    [InlineData("Types:0", "job.settled", "Types:0 is not an event type: one of fopwatch.job.progressed")]
    [InlineData("Sources:0", "other", "Sources:0 is not a configured source: one of media")]
    [InlineData("States:0", "Failed", "States:0 is not a state: one of waiting, processing")]
    [InlineData("Types", "fopwatch.job.settled", "Types is a single value")]
    [InlineData("Retries", "7", "Retries is not a setting of FopWatch")]
    public void A_wrong_setting_is_named(string name, string? value, string problem)
    {
        var settings = new Dictionary<string, string?> { ["Url"] = Url, ["Secret"] = Secret };
        if (value is null)
            settings.Remove(name);
        else
            settings[name] = value;

        var found = Assert.Single(Assert.Throws<SettingsException>(() => Read(settings)).Problems);

        Assert.StartsWith($"FopWatch:Webhooks:crm:{problem}", found, StringComparison.Ordinal);
        Assert.DoesNotContain("secret@", found, StringComparison.Ordinal);
    }

    [Fact]
    public void No_problem_quotes_a_secret_and_all_are_reported_at_once()
    {
        var wrong = Assert.Throws<SettingsException>(() => Read(new() { ["Url"] = "nothing", ["Secret"] = $"{Secret} {Secret} whsec_almostAsecret=" }));

        Assert.Equal(3, wrong.Problems.Count);
        Assert.DoesNotContain("almost", wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret[6..20], wrong.Message, StringComparison.Ordinal);
        Assert.Contains(wrong.Problems, problem => problem == "FopWatch:Webhooks:crm:Secret has the same secret twice");
    }

    [Fact]
    public void Receivers_do_not_share_a_secret_unless_they_have_the_same_URL()
    {
        var two = new Dictionary<string, string?>
        {
            ["Webhooks:a:Url"] = Url,
            ["Webhooks:a:Secret"] = $"{Secret} {SecretOf(2)}",
            ["Webhooks:b:Url"] = "https://other.example.com/",
            ["Webhooks:b:Secret"] = $"{SecretOf(3)} {SecretOf(2)}",
        };

        Assert.Equal(
            "FopWatch:Webhooks:b:Secret shares a secret with FopWatch:Webhooks:a: each receiver needs a secret of its own",
            Assert.Single(Assert.Throws<SettingsException>(() => ReadAll(two)).Problems));
        Assert.Equal(2, ReadAll(new(two) { ["Webhooks:b:Url"] = Url }).Count);
    }

    [Fact]
    public void A_name_is_valid_in_a_path_and_spelled_in_one_way()
    {
        Assert.Contains("is not a valid name", Assert.Throws<SettingsException>(() => ReadAll(Named("a b"))).Message, StringComparison.Ordinal);
        Assert.Contains(
            "is also written",
            Assert.Throws<SettingsException>(() => ReadAll(new(Named("crm").Concat(Named("CRM"))))).Message,
            StringComparison.Ordinal);

        static Dictionary<string, string?> Named(string name) => new() { [$"Webhooks:{name}:Url"] = Url, [$"Webhooks:{name}:Secret"] = Secret };
    }

    private static string SecretOf(byte value) => "whsec_" + Convert.ToBase64String(Enumerable.Repeat(value, 32).ToArray());

    private static IReadOnlyList<Webhook> Read(Dictionary<string, string?> settings) =>
        ReadAll(settings.ToDictionary(setting => $"Webhooks:crm:{setting.Key}", setting => setting.Value));

    private static IReadOnlyList<Webhook> ReadAll(Dictionary<string, string?> settings) => FopWatchSettings.Read(
        [new("Sources:media:Provider", "Qiniu"), new("Sources:media:NotifyTokens:0", "abcdefgh"), .. settings],
        (reader, shared) => WebhookSettings.Read(reader, [.. shared.Sources.All.Select(source => source.Name)]));
}
