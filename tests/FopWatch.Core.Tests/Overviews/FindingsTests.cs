using FopWatch.Contracts;
using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Overviews;
using FopWatch.Providers;
using FopWatch.Providers.Signatures;
using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Overviews;

public sealed class FindingsTests
{
    private const string ListsQuarantine = "'fopwatch quarantine list'";

    private static readonly DateTimeOffset Now = new(2026, 3, 8, 12, 30, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset ThisHour = StatisticsCollector.HourOf(Now);

    private static readonly Source Source = new()
    {
        Name = "media",
        Provider = ProviderKinds.For(ProviderKind.Qiniu),
        StatusEndpoint = new("http://status.example.com"),
        Tokens = new(["right-token"]),
        Keys = new([new("ak", "sk")]),
        Poll = new() { First = TimeSpan.FromMinutes(2) },
    };

    private readonly List<StatisticsHour> _hours = [];

    [Fact]
    public void A_source_without_traffic_has_none() => Assert.Empty(Findings.Of(Signs()));

    [Fact]
    public void A_busy_healthy_source_has_none()
    {
        for (var hour = -24; hour <= 0; hour++)
        {
            Count(
                hour,
                (HourSum.Registered, 100),
                (HourSum.NotifiedStrong, 97),
                (HourSum.NotifiedNone, 2),
                (HourSum.Heard, 97),
                (HourSum.Found, 3),
                (HourSum.SucceededByNotification, 97),
                (HourSum.SucceededByPoll, 3),
                (HourSum.PolledReport, 200),
                (HourSum.PolledUnavailable, 4));
        }

        Assert.Empty(Findings.Of(Signs() with
        {
            Latest = new(Now, Now, PollAnswer.Report),
            Books = new(1000, 900, 10, 90, 0, 0, Now),
            HeldBack = [Now.AddSeconds(-40)],
        }));
    }

    [Fact]
    public void Missing_notifications_are_a_finding_once_5_jobs_have_ended()
    {
        Count(-3, (HourSum.NotifiedStrong, 50), (HourSum.SucceededByPoll, 7));
        Count(-2, (HourSum.SucceededByPoll, 4), (HourSum.Expired, 10));
        var signs = Signs() with { Latest = new(ThisHour.AddHours(-3).AddMinutes(10), Now, PollAnswer.Report) };
        Assert.Empty(Findings.Of(signs));

        Count(0, (HourSum.FailedByPoll, 1));
        var finding = Assert.Single(Findings.Of(signs with { Hours = _hours }));

        Assert.Equal(("noNotifications", FindingLevel.Warning, 5), (finding.Kind, finding.Level, finding.Count));
        Assert.Equal(ThisHour.AddHours(-3).AddMinutes(10), finding.Since);
        Assert.StartsWith("No notification has arrived since 2026-03-08 09:10 UTC, and polls had to find 5 outcomes", finding.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_notifications_for_open_jobs_of_earlier_hours_are_reported()
    {
        Count(0, (HourSum.Registered, 50));
        var signs = Signs() with { Books = new(50, 0, 0, 50, 0, 0, Now) };
        Assert.Empty(Findings.Of(signs));

        Count(-5, (HourSum.Registered, 5));
        var finding = Assert.Single(Findings.Of(signs with { Hours = _hours }));
        Assert.Equal(("noNotifications", FindingLevel.Info, 50), (finding.Kind, finding.Level, finding.Count));
        Assert.StartsWith("No notification has arrived in the last 24 hours, and 50 jobs are open.", finding.Detail, StringComparison.Ordinal);

        Assert.Empty(Findings.Of(signs with { Hours = _hours, Books = new(50, 46, 0, 4, 0, 0, Now) }));
        Count(-1, (HourSum.NotifiedStrong, 1));
        Assert.Empty(Findings.Of(signs with { Hours = _hours }));
    }

    [Fact]
    public void Notifications_after_polls_are_a_finding_from_5_jobs_and_nine_tenths()
    {
        Count(-2, (HourSum.NotifiedStrong, 4), (HourSum.Found, 4), (HourSum.NotifiedLate, 4), (HourSum.SucceededByPoll, 4));
        Assert.Empty(Findings.Of(Signs()));

        Count(-1, (HourSum.NotifiedStrong, 6), (HourSum.Found, 5), (HourSum.NotifiedLate, 5), (HourSum.SucceededByPoll, 5), (HourSum.Heard, 1));
        var finding = Assert.Single(Findings.Of(Signs()));
        Assert.Equal(("lateNotifications", FindingLevel.Warning, 9), (finding.Kind, finding.Level, finding.Count));
        Assert.StartsWith("Of the 10 jobs that were notified in the last 24 hours, a poll had found 9 before.", finding.Detail, StringComparison.Ordinal);

        Count(0, (HourSum.NotifiedStrong, 1), (HourSum.Heard, 1));
        Assert.Empty(Findings.Of(Signs()));
    }

    [Fact]
    public void A_source_without_any_known_notification_may_be_polled_by_choice()
    {
        Count(0, (HourSum.SucceededByPoll, 5));

        var finding = Assert.Single(Findings.Of(Signs()));

        Assert.Equal(("noNotifications", FindingLevel.Info, null), (finding.Kind, finding.Level, finding.Since));
        Assert.StartsWith("No notification is known to have arrived, and polls had to find 5 outcomes", finding.Detail, StringComparison.Ordinal);

        // Hours of a version that did not keep the last notification.
        _hours.Insert(0, new("media", ThisHour.AddHours(-50), HourSums.FromJson("""{"notified.strong":3}""")));
        finding = Assert.Single(Findings.Of(Signs()));
        Assert.Equal(("noNotifications", FindingLevel.Warning, ThisHour.AddHours(-50)), (finding.Kind, finding.Level, finding.Since));
    }

    [Fact]
    public void Given_up_jobs_are_no_evidence_about_notifications()
    {
        Count(0, (HourSum.Expired, 50));

        Assert.Empty(Findings.Of(Signs()));
    }

    [Theory]
    [InlineData(12, 8, true)]
    [InlineData(12, 7, false)]
    [InlineData(900, 100, false)]
    [InlineData(870, 130, true)]
    public void Few_notifications_are_a_finding_if_chance_does_not_explain_them(int heard, int found, bool isFinding)
    {
        Count(-30, (HourSum.NotifiedStrong, heard), (HourSum.Heard, heard), (HourSum.Found, found), (HourSum.SucceededByPoll, found));

        var findings = Findings.Of(Signs() with { Latest = new(Now, Now, PollAnswer.Report) });

        Assert.Equal(isFinding ? ["fewNotifications"] : [], findings.Select(one => one.Kind));
        Assert.All(findings, one => Assert.Equal((FindingLevel.Warning, heard + found), (one.Level, one.Count)));
    }

    [Fact]
    public void Notifications_that_can_never_settle_a_job_are_a_finding_if_a_signature_is_required()
    {
        Count(-5, (HourSum.NotifiedNone, 4), (HourSum.Hinted, 4));
        Assert.Empty(Findings.Of(Signs()));
        Count(-4, (HourSum.NotifiedNone, 1), (HourSum.Hinted, 1));

        var finding = Assert.Single(Findings.Of(Signs()));
        Assert.Equal(("unsignedNotifications", FindingLevel.Warning, 5), (finding.Kind, finding.Level, finding.Count));
        Assert.Contains("Authorization", finding.Detail, StringComparison.Ordinal);
        finding = Assert.Single(Findings.Of(Signs() with { Source = Source with { Keys = KeyRing.Empty } }));
        Assert.Equal(("unsignedNotifications", FindingLevel.Info), (finding.Kind, finding.Level));
        Assert.Contains("FopWatch:Sources:media:Keys is empty", finding.Detail, StringComparison.Ordinal);
        Assert.Empty(Findings.Of(Signs() with { Source = Source with { Trust = TrustRule.Token } }));

        Count(-1, (HourSum.NotifiedStrong, 1));
        Assert.Empty(Findings.Of(Signs()));
    }

    [Fact]
    public void Notifications_with_one_unknown_key_name_it()
    {
        Count(-1, (HourSum.NotifiedInvalid, 3), (HourSum.Quarantined, 3));
        var signs = Signs() with { WrongSignatures = [Wrong("ak-old", SignatureFinding.UnknownAccessKey), Wrong("ak-old", SignatureFinding.UnknownAccessKey)] };

        var finding = Assert.Single(Findings.Of(signs));
        Assert.Equal(("unknownAccessKey", FindingLevel.Warning, 3), (finding.Kind, finding.Level, finding.Count));
        Assert.Contains("'ak-old'", finding.Detail, StringComparison.Ordinal);

        finding = Assert.Single(Findings.Of(signs with { WrongSignatures = [Wrong("ak-old", SignatureFinding.UnknownAccessKey), Wrong("ak", SignatureFinding.Host)] }));
        Assert.Equal(("wrongSignature", FindingLevel.Warning), (finding.Kind, finding.Level));
        Assert.Equal("wrongSignature", Assert.Single(Findings.Of(signs with { WrongSignatures = [] })).Kind);

        // A stranger can do that to a quiet source. If genuine notifications came before, or outcomes had to be found by polls, they are missed.
        Count(-1, (HourSum.FailedByPoll, 1));
        Assert.Equal(FindingLevel.Trouble, Assert.Single(Findings.Of(signs)).Level);
        _hours.RemoveAt(1);
        Count(-30, (HourSum.NotifiedStrong, 1));
        Assert.Equal(FindingLevel.Trouble, Assert.Single(Findings.Of(signs)).Level);

        Count(-2, (HourSum.NotifiedStrong, 1));
        Assert.Empty(Findings.Of(signs));
    }

    [Theory]
    [InlineData(HourSum.PolledUnavailable, 5, 95, "", FindingLevel.Info)]
    [InlineData(HourSum.PolledUnavailable, 4, 0, "", FindingLevel.Info)]
    [InlineData(HourSum.PolledUnavailable, 5, 0, "statusApiUnreachable", FindingLevel.Trouble)]
    [InlineData(HourSum.PolledUnavailable, 10, 90, "statusApiUnreachable", FindingLevel.Warning)]
    [InlineData(HourSum.PolledRefused, 9, 1, "statusApiRefuses", FindingLevel.Trouble)]
    [InlineData(HourSum.PolledThrottled, 50, 1, "statusApiThrottles", FindingLevel.Warning)]
    [InlineData(HourSum.PolledNotFound, 50, 0, "", FindingLevel.Info)]
    public void Polls_that_other_processes_could_not_make_are_a_finding(HourSum sum, int failed, int reports, string kind, FindingLevel level)
    {
        Count(-1, (sum, failed), (HourSum.PolledReport, reports));

        var findings = Findings.Of(Signs() with { Latest = new(Now, Now, PollAnswer.Unavailable) });

        Assert.Equal(kind.Length > 0 ? [(kind, level, (long?)failed)] : [], findings.Select(one => (one.Kind, one.Level, one.Count)));
    }

    [Fact]
    public void A_recovered_status_API_is_a_warning_and_an_old_outage_is_nothing()
    {
        Count(-1, (HourSum.PolledUnavailable, 100));
        Assert.Equal(FindingLevel.Warning, Assert.Single(Findings.Of(Signs() with { Latest = new(Now, Now, PollAnswer.Report) })).Level);

        _hours.Clear();
        Count(-2, (HourSum.PolledUnavailable, 100));
        Assert.Empty(Findings.Of(Signs()));
    }

    [Fact]
    public void A_trouble_seen_by_this_process_replaces_the_sums_of_all_processes()
    {
        Count(0, (HourSum.PolledUnavailable, 100));
        var trouble = new Trouble
        {
            Source = "media",
            Kind = TroubleKind.StatusApiUnreachable,
            Since = Now.AddMinutes(-20),
            LastAt = Now,
            Count = 40,
            Detail = $"HTTP 502",
        };

        var finding = Assert.Single(Findings.Of(Signs() with { Troubles = [trouble] }));

        Assert.Equal(("statusApiUnreachable", FindingLevel.Trouble, Now.AddMinutes(-20), 40), (finding.Kind, finding.Level, finding.Since, finding.Count));
        Assert.StartsWith("The status API cannot be reached or fails (HTTP 502). Check FopWatch:Sources:media:StatusEndpoint", finding.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_kind_of_trouble_is_a_finding_under_its_name()
    {
        foreach (var kind in Enum.GetValues<TroubleKind>())
        {
            var finding = Finding.Of(new() { Source = "media", Kind = kind, Since = Now, LastAt = Now, Count = 1 });
            Assert.Equal(kind.ToString(), finding.Kind, ignoreCase: true);
            Assert.True(char.IsAsciiLetterLower(finding.Kind[0]));
            Assert.EndsWith(".", finding.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Long_delayed_polls_are_a_finding_if_they_exceed_a_second_of_the_rate()
    {
        var held = Enumerable.Repeat(Now.AddMinutes(-3), 10).ToList();
        var finding = Assert.Single(Findings.Of(Signs() with { HeldBack = held }));
        Assert.Equal(("pollsHeldBack", FindingLevel.Warning, Now.AddMinutes(-3), 10), (finding.Kind, finding.Level, finding.Since, finding.Count));
        Assert.Empty(Findings.Of(Signs() with { HeldBack = held[..9] }));
        Assert.Empty(Findings.Of(Signs() with { HeldBack = [.. held.Select(at => at.AddMinutes(2))] }));

        var many = Enumerable.Repeat(Now.AddMinutes(-3), OverviewReader.CountedUpTo).ToList();
        Assert.StartsWith("At least 1000 polls", Assert.Single(Findings.Of(Signs() with { HeldBack = many })).Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4_999, 0, null)]
    [InlineData(5_000, 0, FindingLevel.Warning)]
    [InlineData(9_000, 0, FindingLevel.Trouble)]
    [InlineData(64, 128 * 1024 * 1024, FindingLevel.Warning)]
    [InlineData(64, 250 * 1024 * 1024, FindingLevel.Trouble)]
    public void A_filling_quarantine_is_a_finding_by_number_and_by_size(long notifications, long bytes, FindingLevel? level)
    {
        var findings = Findings.Of(Signs() with { Quarantined = new QuarantineSize(notifications, bytes) });

        Assert.Equal(level is null ? [] : [("quarantineFills", level.Value)], findings.Select(one => (one.Kind, one.Level)));
        Assert.All(findings, one => Assert.Contains(ListsQuarantine, one.Detail, StringComparison.Ordinal));
    }

    [Fact]
    public void Recently_quarantined_notifications_that_are_still_there_are_a_finding()
    {
        Count(-20, (HourSum.Quarantined, 2), (HourSum.NotifiedStrong, 2));
        Assert.Empty(Findings.Of(Signs()));

        var finding = Assert.Single(Findings.Of(Signs() with { Quarantined = new(2, 100) }));
        Assert.Equal(("quarantined", FindingLevel.Info, 2), (finding.Kind, finding.Level, finding.Count));
        Assert.Contains(ListsQuarantine, finding.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "1 open job takes ", "1 job is unaccounted for")]
    [InlineData(3, "3 open jobs take ", "3 jobs are unaccounted for")]
    public void Counts_of_one_are_in_the_singular(int count, string overdue, string unaccounted)
    {
        var findings = Findings.Of(Signs() with { Overdue = count, Books = new(10, 5, 0, 5 - count, 0, count, Now) });

        Assert.Contains(unaccounted, findings[0].Detail, StringComparison.Ordinal);
        Assert.StartsWith(overdue, findings[1].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Unbalanced_books_and_overdue_jobs_are_findings_with_the_worst_first()
    {
        var findings = Findings.Of(Signs() with { Overdue = 3, Books = new(10, 5, 0, 4, 0, 1, Now) });

        Assert.Equal(
            [("booksUnaccounted", FindingLevel.Trouble, 1L), ("jobsOverdue", FindingLevel.Warning, 3L)],
            findings.Select(one => (one.Kind, one.Level, one.Count!.Value)));
    }

    [Fact]
    public void Events_published_late_are_a_finding()
    {
        var sums = new HourSums();
        for (var i = 0; i < 20; i++)
            sums.Add(HourHistogram.Lag, TimeSpan.FromMinutes(i < 18 ? 0 : 5));
        _hours.Add(new("media", ThisHour, sums));

        var finding = Assert.Single(Findings.Of(Signs()));

        Assert.Equal(("publishingSlow", FindingLevel.Warning, 2), (finding.Kind, finding.Level, finding.Count));
    }

    private static SignatureDiagnosis Wrong(string key, SignatureFinding finding) =>
        new() { Findings = [finding], AccessKey = key, CheckedUrl = "https://hooks.example.com/", Suggestion = $"Check it.", Reason = $"It is wrong." };

    private SourceSigns Signs() => new() { Source = Source, Now = Now, Hours = _hours };

    private void Count(int hour, params (HourSum Sum, int Count)[] counted)
    {
        var sums = new HourSums();
        foreach (var (sum, count) in counted)
        {
            for (var i = 0; i < count; i++)
                sums.Add(sum);
        }

        _hours.Add(new("media", ThisHour.AddHours(hour), sums));
    }
}
