[assembly: AssemblyFixture(typeof(SharedAzurite))]

// The tests mostly wait for timers of a task hub, so more of them run at once than there are processors.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]
