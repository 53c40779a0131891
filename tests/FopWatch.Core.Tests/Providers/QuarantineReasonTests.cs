using FopWatch.Intake;
using FopWatch.Providers;
using FopWatch.Settings;
using FopWatch.Wording;
using static FopWatch.Core.Tests.Providers.Bodies;
using static FopWatch.Core.Tests.Providers.DiagnosedRequests;
using Finding = FopWatch.Providers.Signatures.SignatureFinding;

namespace FopWatch.Core.Tests.Providers;

/// <summary>Why a notification is in quarantine, according to the current settings.</summary>
public class QuarantineReasonTests
{
    [Fact]
    public void A_quarantined_notification_is_explained_by_the_current_settings()
    {
        var kept = Kept($"Qiniu ak:{SignQiniu("public.example.org", NotifyPath, Json)}");

        Assert.Equal([Finding.Host], Explain(kept, "https://hooks.example.com").Signature!.Findings);
        Assert.Equal([Finding.Right], Explain(kept, "https://public.example.org").Signature!.Findings);
        Assert.Equal("The signature was wrong when the notification arrived, but is right with the current settings.", Explain(kept, "https://public.example.org").Words);

        // Without a public URL, the requested host counts.
        Assert.Equal("https://localhost:7071/api/notify/media/***", Explain(kept, null).Signature!.CheckedUrl);

        // A notification quarantined for another reason keeps it, and so does one of an unknown source.
        Assert.Equal(new($"another reason", null), Explain(kept with { Reason = "another reason" }, "https://public.example.org"));
        Assert.Equal(new(Sentence.Verbatim(kept.Reason), null), Explain(kept with { Source = "gone" }, "https://hooks.example.com"));
    }

    [Fact]
    public void Notifications_kept_by_an_earlier_version_are_explained_too()
    {
        var kept = Kept($"Qiniu ak:{SignQiniu("hooks.example.com", NotifyPath + "/", Json)}");
        kept = kept with { Headers = [.. kept.Headers.Where(header => header.Key is "Authorization" or "Content-Type")] };

        Assert.Equal([Finding.TrailingSlash], Explain(kept, "https://hooks.example.com").Signature!.Findings);
        Assert.Equal([Finding.TrailingSlash], Explain(kept, null).Signature!.Findings);
    }

    [Fact]
    public void The_notify_token_is_not_in_the_shown_headers()
    {
        var kept = Kept("Qiniu ak:sig");
        var shown = (kept with { Headers = [new("X-Forwarded-Prefix", NotifyPath), new("x-qiniu-a", Token), new("X-Qiniu-A", "b")] }).ShownHeaders();

        Assert.Equal(("/api/notify/media/***", "***, b"), (shown["X-Forwarded-Prefix"], shown["x-qiniu-a"]));
    }

    private static QuarantinedNotification Kept(string authorization) => new()
    {
        Key = "k",
        Source = "media",
        Reason = "The signature is wrong, or its access key is not among the source's keys.",
        ReceivedAt = DateTimeOffset.UnixEpoch,
        Url = Request.Url,
        Headers = [.. Request.CallHeaders, new("Authorization", authorization), new("Content-Type", Json)],
        Body = Request.Body,
    };

    private static QuarantineReason Explain(QuarantinedNotification kept, string? publicUrl)
    {
        var sources = new Sources([Source(Qiniu)]);
        var settings = new FopWatchSettings { PublicUrl = publicUrl is null ? null : new(publicUrl), Sources = sources };
        return new NotificationIntake(sources, null!, null!, null!, settings, null!, null!, TimeProvider.System).Explain(kept, new());
    }
}
