using FopWatch.Contracts;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;
using FopWatch.Simulator;
using FopWatch.Watching;
using StatusKind = FopWatch.Simulator.StatusAnswer;

namespace FopWatch.Simulation.Tests;

/// <summary>Scripted histories with one fault at one place.</summary>
public sealed class SmallHistories
{
    [Fact]
    public void A_job_without_faults_is_settled_by_its_notification_and_never_polled()
    {
        foreach (var host in Enum.GetValues<HostKind>())
        {
            var history = Played(Scenarios.Scenario(host, Scenarios.Job()));

            var outcome = Assert.Single(Outcomes(history));
            Assert.Equal((JobState.PartiallyFailed, SettledBy.Notification, 0), (outcome.State, outcome.SettledBy, outcome.Polls));
            Assert.Equal(0, history.SimulatedWorld.Tally["polls"]);
            Assert.Equal(0, history.SimulatedWorld.Tally["event ids repeated"]);
        }
    }

    [Fact]
    public void A_job_that_is_never_notified_is_settled_by_a_poll()
    {
        foreach (var host in Enum.GetValues<HostKind>())
        {
            var history = Played(Scenarios.Scenario(host, Scenarios.Job() with { Notifies = false }));

            Assert.Equal(SettledBy.Poll, Assert.Single(Outcomes(history)).SettledBy);
        }
    }

    /// <summary>Every fault at every call, one at a time. The first six calls of each kind are at least all that such a history has.</summary>
    [Fact]
    public void No_single_fault_loses_or_changes_an_outcome()
    {
        var struck = 0;
        foreach (var host in Enum.GetValues<HostKind>())
        {
            foreach (var job in (JobScript[])[Scenarios.Job(), Scenarios.Job() with { Notifies = false }, Scenarios.Job(BodyShape.WangsuFops, separate: true)])
            {
                foreach (var call in Enum.GetValues<Call>())
                {
                    foreach (var fault in Enum.GetValues<Fault>().Where(fault => fault != Fault.None && (fault != Fault.Halfway || call is Call.Commit or Call.Publish)))
                    {
                        for (var nth = 1; nth <= 6; nth++)
                        {
                            var history = Played(Scenarios.Scenario(host, job, (call, nth, fault)), $"{host}, {fault} at {call} {nth}");
                            Assert.Equal(JobState.PartiallyFailed, Assert.Single(Apart(Outcomes(history))).State);
                            struck += history.SimulatedWorld.Tally.Failures > 0 ? 1 : 0;
                        }
                    }
                }
            }
        }

        Assert.True(struck > 500, $"Only {struck} faults occurred.");
    }

    [Theory]
    [InlineData((int)Call.Publish, (int)Fault.CrashBefore, 0)]
    [InlineData((int)Call.Publish, (int)Fault.CrashAfter, 1)]
    [InlineData((int)Call.Remove, (int)Fault.CrashBefore, 1)]
    [InlineData((int)Call.Remove, (int)Fault.CrashAfter, 0)]
    [InlineData((int)Call.Publish, (int)Fault.AnswerLost, 1)]
    public void A_crash_between_commit_publish_and_delete_at_most_publishes_again_under_the_same_id(int call, int fault, int repeated)
    {
        foreach (var host in Enum.GetValues<HostKind>())
        {
            var history = Played(Scenarios.Scenario(host, Scenarios.Job(), ((Call)call, 1, (Fault)fault)));

            Assert.Single(Outcomes(history));
            Assert.Equal(repeated, history.SimulatedWorld.Tally["event ids repeated"]);
        }
    }

    [Fact]
    public void A_notification_whose_commit_lost_its_answer_is_sent_again_and_changes_nothing()
    {
        foreach (var host in Enum.GetValues<HostKind>())
        {
            // The first commit is the registration's.
            var history = Played(Scenarios.Scenario(host, Scenarios.Job(), (Call.Commit, 2, Fault.AnswerLost)));

            Assert.Equal(2, Assert.Single(Outcomes(history)).Version);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Hints_before_the_submission_have_no_effect_on_the_job(bool separate)
    {
        foreach (var host in Enum.GetValues<HostKind>())
        {
            // A hint names the id, the status API does not know it, and it is given up. It is submitted an hour later.
            var job = Scenarios.Job(separate ? BodyShape.WangsuFops : BodyShape.QiniuClassic, separate) with
            {
                Fakes = [(Fake.NoSignature, TimeSpan.Zero)],
                SubmittedAfter = TimeSpan.FromHours(1),
                Registering = separate ? Registering.Never : Registering.UntilAnswered,
                Notifies = separate,
            };

            var history = Played(Scenarios.Scenario(host, job));

            Assert.Equal(JobState.PartiallyFailed, Assert.Single(Outcomes(history)).State);
        }
    }

    [Fact]
    public void Polls_caused_by_a_hint_before_the_submission_do_not_shorten_the_watch()
    {
        foreach (var host in Enum.GetValues<HostKind>())
        {
            // Two answers that the id is unknown before the submission, and one right after it.
            var job = Scenarios.Job() with
            {
                Fakes = [(Fake.NoSignature, TimeSpan.Zero)],
                SubmittedAfter = TimeSpan.FromMinutes(16),
                Status = [(TimeSpan.Zero, TimeSpan.FromMinutes(9), StatusKind.NotFound)],
                Notifies = false,
                FirstPollAfter = TimeSpan.Zero,
            };

            var history = Played(Scenarios.Scenario(host, job) with { Sources = [Scenario.NewSource(ProviderKind.Qiniu, Scenarios.Poll with { First = TimeSpan.FromMinutes(12), Factor = 1, Max = TimeSpan.FromMinutes(30) })] });

            Assert.Equal(JobState.PartiallyFailed, Assert.Single(Outcomes(history)).State);
        }
    }

    [Fact]
    public void A_status_API_outage_after_an_unknown_answer_right_after_submission_gives_nothing_up()
    {
        foreach (var host in Enum.GetValues<HostKind>())
        {
            var job = Scenarios.Job() with
            {
                Status =
                [
                    (TimeSpan.Zero, TimeSpan.FromMinutes(10), StatusKind.NotFound),
                    (TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(40), StatusKind.Failed500),
                ],
                Notifies = false,
            };

            var history = Played(Scenarios.Scenario(host, job));

            Assert.Equal(JobState.PartiallyFailed, Assert.Single(Outcomes(history)).State);
        }
    }

    [Fact]
    public void Nothing_is_published_about_an_id_named_only_by_hints_even_on_request()
    {
        foreach (var host in Enum.GetValues<HostKind>())
        {
            var job = Scenarios.Job() with
            {
                Registering = Registering.Never,
                Notifies = false,
                Truth = StatusTruth.NeverKnown,
                Fakes = [(Fake.NoSignature, TimeSpan.Zero)],
                Interventions = [(Intervention.Republish, TimeSpan.FromHours(1))],
            };

            var history = Played(Scenarios.Scenario(host, job));

            Assert.Equal(JobState.Expired, Assert.Single(history.SimulatedWorld.Store.Jobs).State);
            Assert.Empty(history.SimulatedWorld.Broker.Published);
        }
    }

    [Fact]
    public void An_outcome_after_the_deadline_supersedes_the_expiry()
    {
        foreach (var host in Enum.GetValues<HostKind>())
        {
            var job = Scenarios.Job() with { Truth = StatusTruth.Down, Late = TimeSpan.FromHours(5) };

            var history = Played(Scenarios.Scenario(host, job));

            Assert.Equal([JobState.Expired, JobState.PartiallyFailed], Outcomes(history).Select(outcome => outcome.State));
        }
    }

    [Theory]
    [InlineData((int)BodyShape.QiniuClassic)]
    [InlineData((int)BodyShape.WangsuFops)]
    public void A_hint_after_the_deadline_has_the_outcome_fetched(int shape)
    {
        foreach (var host in Enum.GetValues<HostKind>())
        {
            // The status API is down for longer than the deadline. One notification has no signature. The others are signed, and each reports
            // the outcome of one command, but not that there are no more.
            var separate = (BodyShape)shape == BodyShape.WangsuFops;
            var job = Scenarios.Job((BodyShape)shape, separate);
            job = job with
            {
                Job = separate ? job.Job : job.Job with { Signing = SigningScheme.None },
                Status = [(TimeSpan.Zero, TimeSpan.FromHours(5), StatusKind.Failed500)],
                Late = TimeSpan.FromHours(6),
            };

            var history = Played(Scenarios.Scenario(host, job));

            var outcomes = Outcomes(history);
            Assert.Equal([JobState.Expired, JobState.PartiallyFailed], outcomes.Select(outcome => outcome.State));
            Assert.Equal([SettledBy.Deadline, SettledBy.Poll], outcomes.Select(outcome => outcome.SettledBy));
        }
    }

    [Theory]
    [InlineData((int)Intervention.Register)]
    [InlineData((int)Intervention.Poll)]
    public void An_expired_job_is_watched_again_on_request_until_it_ends(int action)
    {
        foreach (var host in Enum.GetValues<HostKind>())
        {
            // It takes longer than the deadline, and is not over when the request comes.
            var job = Scenarios.Job();
            job = job with
            {
                Job = job.Job with { DoneAfter = TimeSpan.FromHours(6), Items = [.. job.Job.Items.Select(item => item with { FinishedAfter = TimeSpan.FromHours(6) })] },
                Notifies = false,
                Interventions = [((Intervention)action, TimeSpan.FromHours(5))],
            };

            var history = Played(Scenarios.Scenario(host, job));

            Assert.Equal([JobState.Expired, JobState.PartiallyFailed], Outcomes(history).Select(outcome => outcome.State));
        }
    }

    [Fact]
    public void An_expired_job_that_is_watched_again_in_vain_is_not_published_again()
    {
        foreach (var host in Enum.GetValues<HostKind>())
        {
            var job = Scenarios.Job() with
            {
                Truth = StatusTruth.NeverKnown,
                Notifies = false,
                Interventions = [(Intervention.Register, TimeSpan.FromHours(5)), (Intervention.Poll, TimeSpan.FromHours(9))],
                Fakes = [(Fake.NoSignature, TimeSpan.FromHours(7))],
            };

            var history = Played(Scenarios.Scenario(host, job));

            Assert.Equal(JobState.Expired, Assert.Single(Outcomes(history)).State);

            // Three watches that end with the grace, and the requested one.
            Assert.InRange(history.SimulatedWorld.Tally["polls"], 10, 25);
        }
    }

    [Fact]
    public void A_hint_does_not_poll_an_expired_and_stopped_job()
    {
        foreach (var host in Enum.GetValues<HostKind>())
        {
            var job = Scenarios.Job() with
            {
                Truth = StatusTruth.NeverKnown,
                Notifies = false,
                Interventions = [(Intervention.Stop, TimeSpan.FromHours(5))],
                Fakes = [(Fake.NoSignature, TimeSpan.FromHours(7))],
            };

            var history = Played(Scenarios.Scenario(host, job));

            Assert.Equal(JobState.Expired, Assert.Single(Outcomes(history)).State);
            Assert.Equal(WatchStatus.Stopped, Assert.Single(history.SimulatedWorld.Store.Jobs).WatchStatus);
            Assert.InRange(history.SimulatedWorld.Tally["polls"], 3, 6);
        }
    }

    /// <summary>Thousands of interleavings of two processes at one job.</summary>
    [Fact]
    public void Two_processes_at_one_job_settle_it_once()
    {
        var met = 0L;
        foreach (var host in Enum.GetValues<HostKind>())
        {
            var job = Scenarios.Job() with { Replays = [TimeSpan.Zero, TimeSpan.Zero], RegisteredAfter = TimeSpan.FromMinutes(1), Interventions = [(Intervention.Poll, TimeSpan.FromMinutes(1))] };
            for (var seed = 1; seed <= 500; seed++)
            {
                var history = Played(Scenarios.Scenario(host, job) with { Seed = seed, Processes = 2 });
                Assert.Single(Apart(Outcomes(history)));
                met += history.SimulatedWorld.Tally["conflicts met"];
            }
        }

        Assert.True(met > 100, $"There were only {met} conflicts.");
    }

    private static History Played(Scenario scenario, string? which = null)
    {
        var history = History.Play(scenario);
        if (history.Violation is not null)
            history = History.Play(scenario, keepTrace: true);
        Assert.True(history.Violation is null, $"{which ?? scenario.Host.ToString()}: {history.Violation}\n{string.Join('\n', history.SimulatedWorld.Scheduler.Trace.Lines)}");
        return history;
    }

    /// <summary>Outcomes without those republished because a late registration added metadata.</summary>
    private static IEnumerable<JobRecord> Apart(IEnumerable<JobRecord> outcomes) => outcomes.DistinctBy(outcome => (outcome.State, outcome.SettledAt));

    /// <summary>The outcomes as received by subscribers, without repetitions.</summary>
    private static List<JobRecord> Outcomes(History history) =>
        [.. history.SimulatedWorld.Broker.Published.DistinctBy(one => one.Id).Select(one => JobEvent.Parse(one.Body).Data).Where(job => job.Settled)];
}
