using FopWatch.Contracts;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.Core.Tests.Diagnosis;

/// <summary>The tokens of the doctor's own notifications, and how these are recognised.</summary>
public sealed class NotifyProbesTests
{
    private const string Origin = "https://hooks.example.com/fop";

    private static readonly byte[] Key = [.. Enumerable.Range(0, JobReferences.KeyLength).Select(i => (byte)i)];

    private readonly ManualTimeProvider _time = new();
    private readonly NotifyProbes _probes;

    public NotifyProbesTests() => _probes = new(new(Key), _time);

    public static TheoryData<ProviderKind> Kinds => new(Enum.GetValues<ProviderKind>());

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_probe_that_arrives_as_sent_is_strong_and_unchanged(ProviderKind kind)
    {
        var source = SourceOf(kind);
        var token = _probes.NewToken("media");

        var sent = NotifyProbes.Make(source, Origin, token);

        Assert.Equal($"{Origin}/api/notify/media/{token}", sent.Url.OriginalString);
        Assert.True(_probes.IsProbe("media", token));
        Assert.Equal((Trust.Strong, ProbeChanges.None), Arrives(source, token, sent));
    }

    [Fact]
    public void A_source_without_keys_sends_an_unsigned_probe()
    {
        var source = SourceOf(ProviderKind.Qiniu) with { Keys = KeyRing.Empty };
        var token = _probes.NewToken("media");

        var sent = NotifyProbes.Make(source, Origin, token);

        Assert.Null(sent.Authorization);
        Assert.Equal((Trust.None, ProbeChanges.None), Arrives(source, token, sent));
    }

    [Fact]
    public void A_proxys_changes_are_found()
    {
        var source = SourceOf(ProviderKind.Qiniu);

        Assert.Equal(ProbeChanges.NoAuthorization, Changes(sent => sent with { Authorization = null }));
        Assert.Equal(ProbeChanges.Body, Changes(sent => sent with { Body = "{}"u8.ToArray() }));
        Assert.Equal(ProbeChanges.ContentType, Changes(sent => sent with { ContentType = "application/json; charset=utf-8" }));
        Assert.Equal(ProbeChanges.Path, Changes(sent => sent, hasOtherPath: true));

        ProbeChanges Changes(Func<SignedRequest, SignedRequest> change, bool hasOtherPath = false)
        {
            var token = _probes.NewToken("media");
            return Arrives(source, token, change(NotifyProbes.Make(source, Origin, token)), hasOtherPath)!.Value.Changes;
        }
    }

    [Fact]
    public void A_token_is_valid_once_and_for_a_minute()
    {
        var source = SourceOf(ProviderKind.Qiniu);
        var (used, old) = (_probes.NewToken("media"), _probes.NewToken("media"));
        Assert.NotEqual(used, old);

        Assert.NotNull(Arrives(source, used));
        Assert.Null(Arrives(source, used));

        _time.Advance(NotifyProbes.Lifetime + TimeSpan.FromSeconds(1));
        Assert.Null(Arrives(source, old));

        // Both are still recognised, so neither counts as a wrong token.
        Assert.True(_probes.IsProbe("media", used));
        Assert.True(_probes.IsProbe("media", old));
    }

    [Fact]
    public void Another_instance_with_the_same_store_accepts_it_and_another_installation_does_not()
    {
        var token = _probes.NewToken("media");

        Assert.True(new NotifyProbes(new(Key), _time).IsProbe("media", token));
        Assert.False(new NotifyProbes(new(JobReferences.NewKey()), _time).IsProbe("media", token));
    }

    [Fact]
    public void No_other_token_is_accepted_as_a_probe()
    {
        var token = _probes.NewToken("media");
        var other = (token[0] == 'A' ? 'B' : 'A') + token[1..];
        var end = token[..^1] + (token[^1] == 'A' ? 'B' : 'A');
        foreach (var (source, text) in new[] { ("files", token), ("media", other), ("media", end), ("media", token[..^1]), ("media", token + "A"), ("media", "right-token"), ("media", new string('*', token.Length)) })
            Assert.False(_probes.IsProbe(source, text), text);
        Assert.False(_probes.IsProbe(null, token));
        Assert.False(_probes.IsProbe("media", null));
    }

    [Fact]
    public void A_probe_is_recognised_in_any_path_with_its_source_and_token()
    {
        var token = _probes.NewToken("media");

        foreach (var path in (string[])[$"/media/{token}", $"/x/api/notify/media/{token}", $"/notify/media/{token}/tail"])
            Assert.Equal(("media", token), _probes.Find(path));
        foreach (var path in (string?[])[null, "", "/", token, $"/{token}", $"/files/{token}", $"/media/x/{token}", $"/media{token}"])
            Assert.Null(_probes.Find(path));
    }

    [Fact]
    public void Nobody_else_can_answer_a_probe()
    {
        var source = SourceOf(ProviderKind.Qiniu);
        var (token, other) = (_probes.NewToken("media"), _probes.NewToken("media"));
        var answer = _probes.AnswerTo(source, token, NotifyProbes.Make(source, Origin, token), hasOtherPath: false)!;

        Assert.NotNull(_probes.Read(answer, token));
        Assert.Null(_probes.Read(answer, other));
        Assert.Null(_probes.Read(answer.Replace("Strong", "Weak", StringComparison.Ordinal), token));
        Assert.Null(_probes.Read("ok", token));
        Assert.Null(_probes.Read("", token));
        Assert.Null(new NotifyProbes(new(JobReferences.NewKey()), _time).Read(answer, token));
        Assert.DoesNotContain("sk", answer, StringComparison.Ordinal);
    }

    private (Trust Trust, ProbeChanges Changes)? Arrives(Source source, string token, SignedRequest? request = null, bool hasOtherPath = false) =>
        _probes.AnswerTo(source, token, request ?? NotifyProbes.Make(source, Origin, token), hasOtherPath) is { } answer && _probes.Read(answer, token) is { } read
            ? (read.Trust, read.Changes)
            : null;

    private static Source SourceOf(ProviderKind kind) => new()
    {
        Name = "media",
        Provider = ProviderKinds.For(kind),
        StatusEndpoint = new("https://status.example.com"),
        Tokens = new(["right-token"]),
        Keys = new([new("ak-2", "sk-2"), new("ak-1", "sk-1")]),
        Poll = new() { First = TimeSpan.FromMinutes(2) },
    };
}
